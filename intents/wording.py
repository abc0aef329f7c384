"""The set phrases of mails, Korean and English: greetings, closings, what asks, what announces.

Wording only; utterance.py says what is done with it.
"""

from __future__ import annotations

import re

GREETING = re.compile(
    r"^(?:(?:안녕하세요|안녕하십니까|안녕하신지요|안녕하셔요|안뇽하세요|반갑습니다"
    r"|수고(?:가)? ?많으십니다|수고하십니다|수고하세요"
    r"|고생 ?많으십니다|(?:늘|항상|매번|바쁘신데|바쁘신 와중에"
    r"|언제나)[^.?!,]{0,20}(?:감사합니다|감사드립니다|고맙습니다)"
    r"|담당자님(?:께)?|담당자분(?:께)?|선생님|(?:dear|hi|hello|hey|good (?:morning|afternoon|evening))"
    r"(?: (?:there|all|team|everyone|sir or madam|sir/madam|organi[sz]ers?|the organi[sz]ers|contest team"
    r"|selectstar(?: team)?))?)"
    r"(?=[\s,.!?:]|$)[\s,.!?:]*)+",
    re.IGNORECASE,
)
CLOSING = re.compile(
    r"(?:^|(?<=[.?!\s]))(?:(?:미리 |정말 |늘 |항상 |대단히 )?(?:감사합니다|감사드립니다"
    r"|감사해요|고맙습니다|고마워요)"
    r"|수고하세요|수고하십시오|(?:좋은|즐거운|행복한|편안한) (?:하루|주말|저녁|오후|한 주)[^.?!]{0,12}"
    r"|(?:답변|회신|답장|연락|안내)(?:을|를)? ?(?:기다리겠습니다|기다릴게요|기다립니다"
    r"|주시면 감사하겠습니다|부탁드립니다|부탁드려요"
    r"|바랍니다)|잘 부탁드립니다|잘 부탁드려요"
    r"|many thanks|thank you(?: (?:very|so) much)?(?: in advance)?|thanks(?: a lot| so much)?(?: in advance)?"
    r"|(?:best|kind|warm) regards|regards|sincerely|cheers)[\s,.!]*$",
    re.IGNORECASE,
)
# "…알려주시면 감사하겠습니다", "…알려주시면 계획을 세우기 좋을 것 같습니다": what follows the favour is
# thanks or a reason, and neither is asked.
FAVOUR = re.compile(
    r"(?P<favour>알려|말씀해|안내해|답변해|확인해|설명해|가르쳐|답해) ?주(?:시면|신다면|실 수 있다면)"
    r"(?![^?]*[?])[^?]*$"
)
# What one says before or instead of a thanks.
ACKNOWLEDGES = re.compile(
    r"(?<![가-힣a-z])(?:네+|넵+|넹|예|아하?|오|옙|ㅇㅋ|오케이|ok(?:ay)?|yes|got it|sure"
    r"|great|perfect|알겠습니다|알겠어요|그렇군요"
    r"|확인했습니다|확인했어요|잘 받았습니다|정말|너무|매우|대단히|진짜|빠른 (?:답변|회신)"
    r"|답변|회신|친절한|so much|very)(?![가-힣a-z])",
    re.IGNORECASE,
)
BULLET = re.compile(
    r"^\s*(?:\(?\d{1,2}[.)](?!\d)|\(\d{1,2}\)|[-*•·ㆍ‣◦▪○●□■→]|[가-하]\)|q\s?\d{0,2}[.:)]"
    r"|질문\s?\d{0,2}[.:)])\s*",
    re.IGNORECASE,
)
INLINE_ITEM = re.compile(r"(?<=[\s:.?!])(?=(?:\(\d{1,2}\)|\d{1,2}\))\s*\S)")
ENDS = re.compile(
    r"(?:[.?!:;]|(?:니다|세요|어요|아요|에요|예요|까요|나요|가요|는지요|은지요|네요|데요"
    r"|지요|죠|까|임|음|함|드림|올림))$"
)
# A full stop ends a sentence before a space only: dataset.or.kr, 7.5 and v1.2 stay whole.
SENTENCE = re.compile(r"(?<=[?!])\s*(?=\S)|(?<=[^\d\s]\.)\s+(?=\S)|(?<=\d\.)\s+(?=[가-힣A-Z])")
ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|dr|mr|ms|mrs|prof|no|approx)\.)$", re.IGNORECASE)
# Two questions run together without a mark: "…뭔가요 그리고 …".
CONJOINED = re.compile(
    r"(?<=[가-힣])(?<=까|요|죠|다)[,.]?\s+(?=(?:아\s*)?(?:그리고|또한?|아울러|추가로|하나 더|마지막으로)\s)"
    r"|(?<=지)(?:[요도를는])?,?\s+(?=(?:그리고|또한?|아울러|더불어|마지막으로|추가로)\s)"
    r"|(?<=싶고),?\s+|(?<=궁금하고),?\s+|(?<=싶은데),?\s+(?=(?:그리고|또)\s)"
    r"|(?<=[a-z]),? (?=and (?:also )?(?:when|what|who|where|how|is|are|do|does|can|could"
    r"|will|would|may|should|if)\b)"
    r"|(?<=[?]) (?=(?:also|and)\b)"
)
# "…없는지, …되는지도": a list of embedded questions; the last carries 도.
LISTED = re.compile(r"(?<=[는은인건을될할한된]지),\s+(?!아니면|혹은|또는|or\b)(?=[^,]{4,}지도\b)")
# Syllables that end in ㄴ or ㄹ: before 지 they make an embedded question ("가능한지", "할지").
_ADNOMINAL = "".join(chr(0xAC00 + number) for number in range(11172) if number % 28 in (4, 8))
_ASKED = r"언제|무엇|뭐|뭔|누구|누가|얼마|어디|몇|어떻게|며칠|어떤|어느|왜"
_NOUNS = (
    r"시기|날짜|일자|일정|방법|기준|여부|범위|장소|기간|금액|규모|절차|자격|조건|시점|기한|분량|양식|비용"
)
# Where one Korean sentence may pass from one question to the next: "…는지와 …", "…는지, …",
# "언제 …고 …", "…를 알려주시고 …", "A 시기와 B 시기".
CLAUSE_KO = re.compile(
    rf"(?<=[{_ADNOMINAL}]지)(?:(?:와|과|랑|하고|도|를)?,|와|과|랑|하고)\s*(?!아니면|혹은|또는)"
    rf"|(?:{_ASKED})[^.?!,]{{0,25}}?(?<![라다자냐])고,?\s+(?!있|싶|계시|나서|난|보|나면)"
    r"|(?:(?:알려|말씀해|안내해|설명해|답변해) ?주시?고|궁금하(?:고|며)|여쭙고|(?:문의|부탁)드리(?:고|며)"
    r"|싶(?:고|으며)),?\s+"
    rf"|(?<=\s)(?:{_NOUNS})(?:와|과|이?랑|하고|,| 및)\s+(?=[^.?!]*(?:{_NOUNS}))"
)
CLAUSE_EN = re.compile(
    r",? (?:and|plus|as well as) (?=(?:the|your|whether|if|when|where|how|what|who|which|why|is|are"
    r"|do|does|can|could|will|would|may|should)\b)|;\s+",
    re.IGNORECASE,
)
# What joins a piece to the next and belongs to neither.
JOINS = re.compile(r"(?:(?:와|과|이?랑|하고|\b(?:and|plus|as well as)|[,;])\s*)+$", re.IGNORECASE)
# What a piece of a sentence must hold to be a question of its own.
ASKS_WITHIN = re.compile(
    rf"[?]|[{_ADNOMINAL}]지(?=[와과랑하도를는요,\s.]|$)|{_ASKED}|(?:나|까|가|죠|지|어|아|해|돼|예|에)요|습니까"
    rf"|{_NOUNS}|\b(?:what|when|where|which|who|whose|how|why|whether|if|can|could|may|will|would|should"
    r"|is|are|do|does|deadline|dates?|limit|size|fee|cost|amount|criteria|format|schedule)\b",
    re.IGNORECASE,
)
# "Two things: …": announces, and the first question follows at once.
COUNTS = re.compile(
    r"^(?:(?:just |quick )?(?:two|three|four|a few|a couple of|some|several) (?:quick |short |small )?"
    r"(?:things|questions|points|queries)[^:?]{0,30}:|(?:두|세|네|몇) ?가지[^:?]{0,20}:)\s*",
    re.IGNORECASE,
)
# "위 세 가지 답변 부탁드립니다": speaks of the questions before it and is none.
AFTERWORD = re.compile(
    r"^(?:위|이상|상기)(?:의|에)?\s?(?:[가-힣\d]+\s?)?(?:가지|개|건|질문|사항|내용|항목|문의|점)[^?]*"
    r"(?:답변|회신|안내|확인|검토|부탁|여쭙|문의)[^?]*$"
    r"|^(?:please |kindly )*(?:answer|reply to|respond to) (?:all |both |each )?(?:of )?"
    r"(?:these|the above|the questions)[^?]*$",
    re.IGNORECASE,
)
LEAD = re.compile(
    r"^(?:(?:아|아,|그리고|또한|또|혹시|마지막으로|먼저|우선|첫째|둘째|셋째|추가로|아울러"
    r"|더불어|하나 더 여쭙자면|한 가지 더"
    r"|그런데|근데|and one more thing|one more thing|also|and|finally|lastly|first|second"
    r"|secondly|firstly)[\s,:]+)+",
    re.IGNORECASE,
)
# Announces one more question, not the rest of the last one.
ADDS = re.compile(
    r"(?:아[,\s]+)?(?:그리고|또한?[\s,]|추가로|아울러|더불어|마지막으로|하나 더|한 가지 더"
    r"|둘째|셋째|두 번째|세 번째|다음으로"
    r"|also\b|and (?:also|one|another|finally)|another|one more|finally|lastly"
    r"|second(?:ly)?\b|third(?:ly)?\b|next,)",
    re.IGNORECASE,
)
ASKS_KO = re.compile(
    r"(?:[?]|까요?|나요|가요|은가|는가|는지요?|은지요?|인지요?|건지요?|을지요?|ㄹ지요?|할지"
    r"|될지|올지|런지|려나|궁금|여쭙|여쭤|여쭈|문의"
    r"|알려|알고 ?싶|안내해|확인 ?(?:부탁|해|바랍)|설명해|말씀해|답변해|가르쳐|정리해"
    r"|보내 ?주|언제|어디|무엇|뭐예|뭔|얼마|몇 |며칠|누구|어떻게|어떤|왜"
    r"|되죠|하죠|있죠|없죠|맞죠|인가|되나|하나$|되요\?|주시(?:면|겠|나|길|기|는지|ㄹ|어요)"
    r"|주실|부탁|되겠습니까|습니까|싶습니다|싶어요|있을지|요청|원합니다|좀요|방법|여부|범위"
    # "권하시는 방향이 있으면 큰 도움이 될 것 같습니다" asks without asking.
    r"|기준|(?:있으면|있다면|있으시면|있으시다면|주시면|주신다면)[^.?!]{0,30}(?:도움이|좋겠|참고|수월))"
)
ASKS_EN = re.compile(
    r"\?|\b(?:what|when|where|which|who|whom|whose|how|why|could you|can you|would you"
    r"|please|let me know|(?:tell|send|give|show) (?:me|us|the)"
    r"|i (?:would|'d) like to know|wondering|wonder|clarify|confirm|explain|is it|are we"
    r"|do we|can we|may we|question)\b",
    re.IGNORECASE,
)
# "I have some questions": announces questions and is none.
ANNOUNCES = re.compile(
    r"(?:(?:몇|두|세|네|다섯|\d) ?가지[^?]{0,25}|(?:아래|다음) ?(?:의 |과 같|사항|내용|질문"
    r"|항목|을 )[^?]{0,25})(?:여쭙|여쭤|문의|질문|check|확인|부탁|궁금)[^?]*$"
    r"|(?:문의|연락|질문|여쭙|여쭤)[가-힣]{0,3} ?(?:드립니다|드려요|드렸습니다|보냅니다"
    r"|남깁니다|겠습니다)[.!]?$"
    r"|질문[가-힣 ]{0,8}(?:보냅니다|드립니다|정리|모아)|(?:궁금한|여쭤볼|여쭐|물어볼) (?:게"
    r"|것이|점이|점들이|사항이|내용이)[^?]*(?:생겼|있|많)"
    r"|(?:쉽게|자세히|친절히) (?:설명|알려)|(?:답|답변|회신|답장)[을를은]?\s?(?:주시면|해 주시면|부탁)"
    r"|(?:문의|연락|질문|여쭤)[가-힣]{0,3}는 [^?]{1,30}입니다[.]?$"
    r"|\b(?:i|we) have (?:a few|some|two|three|several|a couple of)[^?]{0,20}questions?\b",
    re.IGNORECASE,
)
SIGNATURE = re.compile(
    r"^(?:--\s*$|__+\s*$|(?:best|kind|warm)? ?regards|sincerely|yours|cheers|thanks,?$"
    r"|best,|감사합니다[.,]?\s*$|.{1,40}(?:드림|올림|배상)[.]?$"
    r"|sent from my |나의 .*에서 보냄|t(?:el)?[.:] ?\d|e-?mail ?:|연락처 ?:)",
    re.IGNORECASE,
)
# What no signature holds.
ASKS_SURELY = re.compile(r"[?]|궁금|까요|나요|는지|은지|알려|가능한|please|could you", re.IGNORECASE)
# A question inside the sentence: "…가능한지 문의드립니다" asks.
EMBEDDED = re.compile(
    r"(?:[는은인한된건을]|[가-힣](?:할|될|볼|갈|올|일))지(?:[도를는요]|\s|,)|\b(?:whether"
    r"|if|when|how|what)\b",
    re.IGNORECASE,
)
# Good wishes and excuses that no pattern of whole sentences catches.
WISHES = re.compile(
    r"건강|유의하시|조심하|죄송|번거|귀찮|바쁘|수고|고생|좋은 하루|주말|새해|명절|감사|고맙"
    r"|응원|번창|발전을 기원|looking forward|sorry|apolog|thank"
    r"|appreciate",
    re.IGNORECASE,
)
POINTS_BACK = re.compile(
    r"^(?:그럼|그러면|그렇다면|그건|그게|그거|그것|그 |이건|이게|이 경우|그 경우|그때|거기"
    r"|그 정도|그렇게|그럼에도|(?:만약 )?(?:가능하다면|된다면)|그런 |이런 "
    r"|(?:then|and then|in that case|if so|if not|that|it|this|they)\b)",
    re.IGNORECASE,
)

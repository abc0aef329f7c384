"""Reads who asks: the kind of applicant that a text names, and whether it asks for its own writer.

A text that names no kind says nothing; nobody is taken for one kind because he is not another.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from faq.applicants import ApplicantKind

_I = re.IGNORECASE
#: Characters in which one says who he is; what follows is not looked at.
READ = 2_000
_FOREIGN = (
    r"(?:해외|외국|국외|미국|중국|일본|영국|독일|프랑스|캐나다|호주|인도(?!적)|베트남|싱가포르|싱가폴|대만"
    r"|홍콩|태국"
    r"|인도네시아|스위스|네덜란드|스웨덴|이스라엘|러시아|실리콘 ?밸리|유럽|북미)"
)
_BODY = (
    r"(?:기관|대학(?:원|교)?|연구(?:실|소|팀|기관)|랩|기업|회사|스타트업|법인|업체|팀|단체|소재|거주|국적"
    r"|본사|현지"
    r"|에\s?(?:있는|위치|사는|본사|기반|거주|설립|등록|둔|소재)|에서\s?(?:사업|활동|창업|운영|연구|공부"
    r"|유학|살|지원"
    r"|신청|참가|참여))"
)
_ABROAD_EN = (
    r"(?:germany|france|spain|italy|japan|china|taiwan|hong kong|singapore|vietnam|thailand|indonesia"
    r"|malaysia"
    r"|india|israel|russia|canada|australia|switzerland|austria|netherlands|belgium|sweden|norway|denmark"
    r"|finland|poland|ireland|brazil|mexico|europe|the eu|the uk|the u\.?k\.?|united kingdom|england"
    r"|london|paris|berlin"
    r"|tokyo|the us|the usa|the u\.s\.|united states|america|california|silicon valley|new york|boston)"
)
#: What names each kind; the order is of no meaning.
_KINDS: dict[ApplicantKind, str] = {
    ApplicantKind.LAB: (
        r"(?<!부설 )(?<!부설)(?<!기업 )(?<!기업)(?<!사내 )연구실|랩실|연구 ?그룹"
        r"|(?<![가-힣])랩(?=[\s이은도실원,.!?]|$)"
        r"|대학(?:원)? ?연구팀|교수님? ?(?:팀|연구)|\blab(?:s|oratory|oratories)?\b|research groups?\b"
    ),
    ApplicantKind.INSTITUTE: (
        r"정부 ?출연|출연연|국책 ?연구|국립 ?연구|(?<![a-z])(?:etri|kist|kisti|keti|kitech|kaeri|kriss"
        r"|kimm|kari)(?![a-z])"
        r"|한국(?:과학기술|전자통신|과학기술정보|생산기술|원자력|기계|항공우주|표준과학)연구원"
        r"|government[- ](?:funded|supported|run|affiliated)|national (?:research )?(?:institutes?|laborator)"
    ),
    ApplicantKind.COMPANY: (
        r"(?<!수혜 )(?<!공급)(?<!파트너 )(?<!대)기업|회사|스타트 ?업|스텁|벤처(?!스)|법인(?! ?(?:설립"
        r"|등록) ?(?:전|예정|준비))"
        r"|중소기업|당사(?![가-힣]{2})|\bcompan(?:y|ies)\b|\bstart-?ups?\b|\bsmes?\b|\bfirms?\b"
        r"|\benterprises?\b"
        r"|\bcorporations?\b"
    ),
    ApplicantKind.PREFOUNDER: (
        r"예비 ?(?:창업|스타트업)|창업(?:을|은)? ?(?:준비|예정|계획|하려|할 ?예정|하기 ?전|전)"
        r"|아직 ?(?:창업|법인|회사|사업자)[^.?!]{0,12}"
        r"(?:전|없|않|안|못)|법인(?:을)? ?(?:설립|등록)(?:을|은)? ?(?:전|예정|준비|하기 ?전|안)"
        r"|사업자 ?등록(?:을|은|이|증이?)? ?(?:전|없|안"
        r"|아직|하기 ?전|예정)"
        r"|(?:would-?be|aspiring|prospective|pre-?) ?(?:founders?|entrepreneurs?|startups?)"
        r"|(?:plan(?:ning)?|about|going|intend(?:ing)?|preparing|hoping|hope|want) to (?:found|start"
        r"|set up|launch"
        r"|incorporate|establish)\b|(?:not|haven't|hasn't|isn't|aren't)[^.?!]{0,20}(?:incorporated|founded"
        r"|registered)"
        r"|before (?:incorporat|founding|we (?:found|incorporate))|pre-?incorporation"
    ),
    ApplicantKind.INDIVIDUAL: (
        r"개인(?! ?(?:정보|사업자|적))|대학생|학부생|대학원생|고등학생|중학생|휴학생|유학생|(?<!장)학생"
        r"|프리랜서|직장인"
        r"|취업 ?준비생|취준생|일반인|혼자(?:서)?|(?:석|박)사 ?과정|소속(?:이)? ?없|무소속"
        r"|\bindividuals?\b|\b(?:under)?graduates? students?\b|\bstudents?\b|\bundergrad(?:uate)?s?\b"
        r"|freelanc"
        r"|independent (?:researcher|developer|engineer)|on my own|by myself|private person"
        r"|\bph\.?d\.? (?:student|candidate)"
        r"|unaffiliated|without (?:any |an )?affiliation"
    ),
    ApplicantKind.OVERSEAS: (
        rf"{_FOREIGN}(?:의|에서 온)? ?{_BODY}|(?:해외|외국|국외)(?:에서|인데|입니다|도 (?:되|가능|지원|신청"
        rf"|참))|외국인"
        rf"|\b(?:based|located|registered|incorporated|headquartered|living|live|work(?:ing)?|stud(?:y"
        rf"|ying)) (?:in|at)"
        rf" {_ABROAD_EN}\b|\b(?:in|from) {_ABROAD_EN}\b|\b(?:overseas|foreign|non-korean|international"
        rf"|abroad)\b"
        r"|outside (?:of )?(?:south )?korea"
        r"|\b(?:german|french|japanese|chinese|american|british|singaporean|vietnamese|canadian|indian"
        r"|european|us|uk)"
        r" (?:company|start-?up|lab|university|firm|institute|team|laboratory)"
        r"|\b(?:stanford|harvard|mit|berkeley|oxford|cambridge|carnegie mellon|cmu|eth zurich|tsinghua"
        r"|toronto)\b"
        r"|스탠퍼드|스탠포드|하버드|옥스퍼드|케임브리지|칭화대|도쿄대"
    ),
    ApplicantKind.VOUCHER: (
        r"데이터 ?바우(?:처|쳐)|data[- ]vouchers?|k-?data|케이데이터|한국데이터산업진흥원"
    ),
}
_PATTERNS = {kind: re.compile(pattern, _I) for kind, pattern in _KINDS.items()}
#: Kinds of bodies that no rule knows. Who names one is not asked what he is: he has said it.
_OTHER = re.compile(
    r"병원|의원|재단|협회|공공 ?기관|공기업|공단|공사(?=[\s입인도는은가]|$)|대기업|계열사|중견|비영리"
    r"|시민 ?단체|ngo|npo"
    r"|고등학교|초등학교|중학교|동아리|학회|컨소시엄|협동조합|지자체|시청|도청|구청|국방|군(?:인|부대)"
    r"|부설 ?연구|민간 ?연구|사내 ?연구"
    r"|연합 ?팀|개인 ?사업자|전문대|사이버대|교사|교수(?!님?이? ?(?:팀|연구|님?께))"
    r"|\bhospitals?\b|\bclinics?\b|non-?profit|foundations?\b|associations?\b|public (?:body|institution"
    r"|agency|company)"
    r"|\bmunicipal|\bcity\b|government (?:agency|body|office)|large (?:company|enterprise)|conglomerate"
    r"|subsidiar|high school"
    r"|consorti|cooperative|sole proprietor|\bclub\b|military|private (?:institute|research)|professors?\b",
    _I,
)
_ACADEMIC = re.compile(r"대학(?:교|원)?(?!원?생)|\buniversit(?:y|ies)\b|\bacademi[ac]", _I)
#: "…이 아니라": what stands before it is what the writer is not.
_NOT = re.compile(
    r"[가-힣a-z]{1,12}(?: ?[가-힣a-z]{1,12})?(?:이|가|은|는|도|으로|로)? ?아니(?:라|고|며|지만|구|에요"
    r"|예요|어서"
    r"|니까|므로|ㅂ니다|다)"
    r"|[가-힣a-z]{1,12}(?:이|가)? ?아닌|\b(?:not|neither|nor)(?: yet)? (?:an? |the )?(?:[a-z-]{1,20} ){0,2}?"
    r"(?:company|start-?up|lab|university|student|individual|institute|firm)\b",
    _I,
)
_NO_VOUCHER = re.compile(
    r"(?:데이터 ?바우(?:처|쳐)|k-?data)[^.?!]{0,25}?(?:적|이력|경험|수혜|혜택|지원)[^.?!]{0,8}?(?:없|않"
    r"|안 ?받|아니|아닌)"
    r"|(?:데이터 ?바우(?:처|쳐))[^.?!]{0,10}?(?:받지 ?않|안 ?받|못 ?받|신청한 적)"
    r"|\b(?:never|not|haven't|hasn't|didn't|without)\b[^.?!]{0,30}?(?:data[- ]vouchers?|k-?data)"
    r"|(?:data[- ]vouchers?|k-?data)[^.?!]{0,20}?\b(?:never|not|no)\b",
    _I,
)
_ALONE = re.compile(
    r"개인(?:으로|자격| 자격|\s?명의| 이름)|혼자(?:서)?|소속(?:이)? ?없|무소속|on my own|by myself"
    r"|as an individual|unaffiliated"
    r"|without (?:any |an )?affiliation|independent",
    _I,
)
#: The writer speaks of himself.
_SELF = re.compile(
    r"저희|우리|(?<![가-힣])(?:저[는도희가]?|나[는도]?|제가|내가|본인|당사|저의|제 )(?=[\s가-힣,]|$)"
    r"|\b(?:we|we're|i|i'm|our|us|my|me)\b",
    _I,
)
_APPLY = re.compile(
    r"지원(?!금|사업|내용|규모)|신청|참가|참여|응모|접수(?!처)|자격|대상|해당|(?<![가-힣])낼 수"
    r"|\bappl(?:y|ying|ication)\b|eligib|take part|participat|\bjoin\b|\bsubmit\b|qualif|\benter\b"
    r"|target group",
    _I,
)
_MAY = re.compile(
    r"(?:할|될|받을|낼|들어갈) ?수|가능|되나|되는지|되죠|되요|돼요|될까|될런지|해도|괜찮|맞나|맞는지|해당"
    r"|포함|자격|대상"
    r"|\b(?:can|could|may|might|are|am|is|do|does|would|allowed|possible|eligible|whether|if)\b",
    _I,
)
#: Asks which kinds there are, or about others than the writer.
_WHICH = re.compile(
    r"누가|누구|어떤|어느|어디|뭐|무엇|종류|범위|요건|조건|기준|(?:자격|대상)[이은가]? ?(?:어떻|뭐|무엇"
    r"|누구)|제한"
    r"|\b(?:who|whom|which|what|kinds?|types?|requirements?|criteria|conditions?|restricted"
    r"|any organi[sz]ation)\b",
    _I,
)
#: Everything that a question says which names only oneself, the programme, and the wish to take part.
_OPEN = re.compile(
    r"저희(?:들|쪽|측)?|우리(?:들)?|제가|저[도는]?(?![가-힣])|나[도는]?(?![가-힣])|본인|당사|같은|경우|팀"
    r"|단체|곳|데|사람|분|쪽"
    r"|이번|이|본|해당|여기|사업|지원사업|프로그램|공모전|대회|공고|데이터셋|인공지능|셀렉트스타|구축"
    r"|지원|신청|참가|참여|응모|접수|대상|자격|포함|해당|가능(?:한(?:가요?|지요?|건가요|걸까요)|할(?:까요?"
    r"|지요?)|하(?:나요|ㄴ가요|죠|다면))?|여부|될|되[나는요죠는지]*|돼요?|할"
    r"|하[는나려고면]*|해도|해당|괜찮|수|있[을는나까지요어죠]*"
    r"|없[을는나까지요]*|궁금|문의|알려|알고|확인|여쭙|여쭤|싶[은어습]*|드립니다|드려요|부탁|주세요|주실"
    r"|주시|합니다|해요|해서|하고"
    r"|혹시|그럼|그러면|좀|먼저|일단|합니까|됩니까|습니까|니까|니다|입니다|인지|인가|건가|건지|나요|까요"
    r"|을까|는지|은지|도|은|는|이|가|을|를|에|의|로|으로|요|죠|지"
    r"|\b(?:can|could|may|might|would|do|does|are|am|is|be|it|possible|we|i|our|us|my|me|team|group|also"
    r"|too|as well|to|the|this|that|for|in|of"
    r"|a|an|apply|applying|application|eligible|eligibility|qualify|take|part|participate|participating"
    r"|join|submit|programme|program|contest|call|allowed|please|tell|know"
    r"|whether|if|like|want|wondering|wonder|let|you|there|way|chance|have|has|check|ask|at|all|here|would"
    r"|d|s|m|re)\b",
    _I,
)
#: An open question is short.
_LONGEST_OPEN = 120


def mentioned(text: str) -> frozenset[ApplicantKind]:
    """Name the kinds of applicants in a text, without those that it denies."""
    text = text[:READ]
    bare = _NOT.sub(" ", text)
    found = {kind for kind, pattern in _PATTERNS.items() if pattern.search(bare)}
    if ApplicantKind.VOUCHER in found and _NO_VOUCHER.search(text):
        found.discard(ApplicantKind.VOUCHER)
    if ApplicantKind.PREFOUNDER in found and not _is_company_apart(bare):
        found.discard(ApplicantKind.COMPANY)
    return frozenset(found)


def _is_company_apart(text: str) -> bool:
    """Whether a company is named outside the words that name a would-be founder ("예비 스타트업")."""
    rest = _PATTERNS[ApplicantKind.PREFOUNDER].sub(" ", text)
    return bool(re.search(r"기업|\b(?:our|existing) (?:company|firm|start-?up)\b", rest, _I))


def said(text: str) -> frozenset[ApplicantKind]:
    """Name the kinds that the writer says he is ("저희는 …입니다", "our lab"), and not those he speaks of."""
    found: set[ApplicantKind] = set()
    for sentence in re.split(r"(?<=[.!?\n])\s*", text[:READ]):
        kinds = mentioned(sentence)
        if any(_is_own(sentence, found) for kind in kinds for found in _PATTERNS[kind].finditer(sentence)):
            found |= kinds
    return frozenset(found)


def _is_own(sentence: str, match: re.Match[str]) -> bool:
    """Whether the words of a match are said of the writer himself."""
    before, after = sentence[max(0, match.start() - 120) : match.start()], sentence[match.end() :]
    return _COPULA.match(after) is not None or _OWN.search(before) is not None


#: What follows when somebody says what he is.
_COPULA = re.compile(
    r"[가-힣]{0,4}(?: ?(?:소속|연구원|대표|직원|팀|구성원|재학생?|운영자|학생|개발자))?(?:이?고|이?며"
    r"|으?로서?|에서 (?:나|왔|연락)\S*)?"
    r"(?:입니다|인데요?|이고|이며|이에요|예요|이라서?|이지만|이요|임|소속)(?=[\s.,!?]|$)"
    r"|(?:에서|을|를) (?:재학|근무|운영|일하|연구하)|(?: 팀| 소속)?에서 (?:문의|연락)",
    _I,
)
#: What stands before it.
_OWN = re.compile(
    r"(?:저희|우리|당사|제)\s(?:[가-힣A-Za-z]{1,20} ){0,2}$"
    r"|\b(?:we are|we're|i am|i'm|speaking as|as|our|my|this is|i work (?:at|for)"
    r"|from)\b(?: [\w-]{1,30}){0,6} ?$",
    _I,
)


def names_other(text: str) -> bool:
    """Whether a text names a body that no kind stands for (a hospital, a large company)."""
    return _OTHER.search(_NOT.sub(" ", text[:READ])) is not None


def case(kinds: Collection[ApplicantKind]) -> ApplicantKind | None:
    """Choose the kind that decides among several said of one applicant; None when none does.

    What the announcement leaves open or excludes outweighs what it names: a company abroad is abroad, a
    startup that got the voucher is a recipient. Two kinds that are both named are no case.
    """
    kind = ApplicantKind
    has = frozenset(kinds)
    if kind.OVERSEAS in has:
        return kind.OVERSEAS
    if kind.VOUCHER in has:
        research = has & {kind.LAB, kind.INSTITUTE}
        return kind.VOUCHER_LAB if research and kind.COMPANY not in has else kind.VOUCHER
    left = has
    if kind.INDIVIDUAL in left and left & {kind.LAB, kind.INSTITUTE, kind.COMPANY, kind.PREFOUNDER}:
        left = left - {kind.INDIVIDUAL}  # a student who speaks of his lab applies with it
    if kind.INSTITUTE in left and kind.COMPANY not in left:
        return kind.INSTITUTE
    return next(iter(left)) if len(left) == 1 else None


def sides(text: str) -> frozenset[ApplicantKind]:
    """Name the kinds that a question sets side by side; beside a company, a university stands for labs."""
    kinds = mentioned(text)
    academic = ApplicantKind.COMPANY in kinds and _ACADEMIC.search(text[:READ])
    return kinds | {ApplicantKind.LAB} if academic else kinds


def decisive(text: str) -> ApplicantKind | None:
    """The kind that a text is about; None when it names none, or several of equal weight."""
    kinds = sides(text)
    if ApplicantKind.INDIVIDUAL in kinds and _ALONE.search(text):
        kinds = kinds & {ApplicantKind.INDIVIDUAL, ApplicantKind.OVERSEAS}
    return case(kinds)


def asks_to_apply(text: str) -> bool:
    """Whether a sentence asks if somebody may take part."""
    return _APPLY.search(text) is not None and _MAY.search(text) is not None


def asks_for_self(text: str) -> bool:
    """Whether a sentence asks if its own writer may take part, and not who may in general."""
    return asks_to_apply(text) and (_SELF.search(text) is not None or _WHICH.search(text) is None)


def asks_openly(text: str) -> bool:
    """Whether a sentence asks if its writer may take part, and says nothing else at all."""
    if len(text) > _LONGEST_OPEN or not asks_for_self(text) or _WHICH.search(text):
        return False
    return re.search(r"[0-9a-z가-힣]", _OPEN.sub(" ", text.lower())) is None

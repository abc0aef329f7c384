"""What mail programs write around a letter, in the languages of their users.

Pieces of patterns, lower case; ``bot.inbox.attribution`` and ``bot.inbox.signature`` say where
they count. A phrase that a person may write as well is not listed here alone: it counts with
an address, a date or a device beside it.
"""

from __future__ import annotations


def _labels(names: str) -> frozenset[str]:
    return frozenset(names.split())


#: How "… wrote:" ends. After a European verb the date may follow.
KOREAN_WROTE = (
    r"(?:작성(?:함|됨|하였습니다|했습니다|하신?|한)?|쓴|쓰신|적은|적으신|보낸|보내신|보냄|전송)"
    r"(?:\s?(?:글|메시지|메세지|내용|메일))?"
    r"|님의\s?(?:말씀?|글|메시지|메일|이메일)"
)
WROTE = (
    r"wrote|writes|has written|said|schrieb|schreef|geschreven|skrev|kirjoitti|a écrit|escribió|ha escrito"
    r"|va escriure|ha scritto|escreveu|napisał(?:\(a\)|a)?|wiadomość napisana przez|napsala?|napsal\(a\)"
    r"|napísala?|napísal\(a\)|(?:je )?napisa(?:o|la)|a scris|(?:ezt )?írta|yazdı|menulis|đã viết|έγραψε|rašė"
    r"|rakstīja|kirjutas|написал(?:\(а\)|а)?|написав|написа|пишет|пише|כתב/?ה?|كتب|يكتب"
)
ASIAN_WROTE = r"のメール|のメッセージ|は書きました|写道|寫道|写到|寫到|เขียนว่า|เขียน"
QUOTING = r"quoting|zitat von|citando a?|en réponse à"

#: What stands between rules or brackets above an older mail.
OLDER_MAIL = (
    r"original\s?(?:message|mail|e-?mail|appointment)|reply message|forwarded (?:message|mail|by .{1,80})"
    r"|원본\s?(?:메일|메시지|메세지|이메일|내용)(?: 내용)?"
    r"|원문\s?(?:메일|메시지)|이전\s?(?:메일|메시지)|답장 원문"
    r"|전달(?:된|한)?\s?(?:메일|메시지|메세지|이메일)|받은\s?(?:메일|메시지)|보낸\s?(?:메일|메시지)"
    r"|(?:ursprüngliche|original|weitergeleitete) ?nachricht|message (?:d'origine|original|transféré|initial)"
    r"|e-mail d'origine|mensaje (?:original|reenviado)|mensagem (?:original|encaminhada)"
    r"|messaggio (?:originale|inoltrato)|oorspronkelijk bericht|doorgestuurd bericht"
    r"|ursprungligt meddelande|vidarebefordrat meddelande|opprinnelig melding|alkuperäinen viesti"
    r"|videresendt (?:melding|besked|meddelelse)|oprindelig (?:besked|meddelelse)"
    r"|(?:oryginalna )?wiadomość (?:oryginalna|przekazana)|oryginalna wiadomość|původní zpráva"
    r"|přeposlaná zpráva|pôvodná správa|eredeti üzenet|orijinal (?:ileti|mesaj)|исходное сообщение"
    r"|пересылаемое сообщение|вихідне повідомлення|αρχικό μήνυμα|mesaj original"
    r"|元のメッセージ|転送メッセージ|原始邮件|原始郵件|原邮件|转发邮件|轉寄郵件"
)
#: Lines of their own above a forwarded mail (Apple).
FORWARD_BEGINS = (
    r"begin forwarded message|전달된 메시지 시작|inizio messaggio inoltrato"
    r"|anfang der weitergeleiteten (?:nachricht|e-mail)"
    r"|début du message (?:réexpédié|transféré)|inicio del mensaje reenviado|begin doorgestuurd bericht"
    r"|início da mensagem (?:reenviada|encaminhada)|転送されたメッセージ|以下是转发的邮件"
)
#: Ticket systems ask for the answer above a line.
ABOVE_THIS_LINE = (
    r"(?:reply|respond|response|answer|write|type|comment)\b.{0,40}\babove (?:this|the) line"
    r"|(?:reply|write|type|respond) below this line"
    r"|이 (?:줄|선|라인) 위에.{0,20}(?:입력|작성|회신|답장|답변|써)"
)

#: Labels of header blocks, without white space.
FROM = _labels(
    """
    from 보낸사람 보낸이 보낸분 보내는사람 발신 발신인 발신자
    von absender de expéditeur remitente da mittente remetente van afzender från avsändare fra afsender
    lähettäjä od odesílatel odesilatel nadawca feladó gönderen kimden από от откого від expeditor dela
    差出人 送信者 送信元 发件人 發件人 寄件者 寄件人 发送人
    """
)
TO = _labels(
    """
    to cc bcc reply-to replyto 받는사람 받는이 받은사람 받은이 받는분 수신 수신인 수신자 참조 숨은참조
    an kopie antwortan à a cci copieà répondreà para cco responderpara per aan till kopia til kopi
    vastaanottaja kopio do dw komu címzett másolatotkap kime alıcı bilgi προς κοιν кому копия кого către
    宛先 収件人 收件人 收件者 抄送 副本 密送
    """
)
WHEN = _labels(
    """
    sent date senton 보낸날짜 보낸시간 보낸일시 보낸시각 날짜 일시 작성일 작성일시 발신일
    발신일시 발송일 발송일시 전송일
    gesendet datum am envoyé envoyéle enviado fecha enviadoel data dataora inviato verzonden verstuurd
    skickat sendt dato lähetetty päiväys päivämäärä wysłano odesláno dátum elküldve küldve tarih gönderildi
    στάλθηκε ημερομηνία дата отправлено надіслано trimis trimisă
    送信日時 日時 日付 发送时间 發送時間 时间 日期 寄件日期 傳送日期
    """
)
ABOUT = _labels(
    """
    subject re 제목 메일제목 betreff objet sujet asunto assunto oggetto onderwerp ämne emne aihe temat
    předmět predmet tárgy konu θέμα тема subiect 件名 主题 主題 主旨 标题
    """
)
OTHER = _labels(
    "importance priority attachments attachment when where organization 중요도 첨부 첨부파일 우선순위"
)

#: Devices and programs that put their name under a mail.
DEVICE = (
    r"(?:iphone|ipad|ipod|ios\b|apple|android|galaxy|samsung|blackberry|windows|outlook|gmail|yahoo|aol|proton|k-9"
    r"|mail\b|email|phone|mobile|smartphone|handy|handset|tablet|nokia|huawei|xiaomi|redmi|pixel|oneplus|oppo"
    r"|xperia|motorola|htc|lg\b|thunderbird|spark|superhuman|fastmail|zoho|naver|portable|móvil|celular|telefon"
    r"|телефон|устройств)"
)
#: Before the device …
SENT_FROM = (
    r"(?:sent|typed|written|posted|composed) (?:from|via|with|on|using|by)|(?:get|download) outlook for"
    r"|gesendet (?:von|mit|über|aus)|diese nachricht wurde von mein(?:em|er)|holen sie sich outlook"
    r"|outlook für|envoyé (?:de|depuis|à partir|avec)|(?:télécharger|obtenir) outlook"
    r"|enviado (?:desde|do|de|con|com|a partir|pelo)|enviat des|(?:obtener|obtén|obter o?) ?outlook"
    r"|inviato (?:da|dal|con)|scarica outlook|(?:verstuurd|verzonden) (?:vanaf|met|via)|outlook voor"
    r"|skicka(?:t|des) från|sendt fra|(?:hämta|hent) outlook|lähetetty|wysłan[eoa]? z|odesláno z|odoslané z"
    r"|poslano (?:s|z|iz)|отправлено (?:с|из)|надіслано з|trimis (?:de|din)|στάλθηκε από"
    r"|(?:đã|được) gửi từ|dikirim dari|发自|發自|来自|來自|從我的"
)
#: … and after it.
DEVICE_SENT = (
    r"(?:von )?mein(?:em|er) .{1,40} (?:gesendet|geschickt)"
    r"|(?:iphone|ipad|android|galaxy|outlook|スマートフォン|スマホ|携帯|xperia)\S{0,20}\s?"
    r"(?:から送信(?:されました)?|gönderildi|küldve)"
    r"|outlook for (?:ios|android).{0,20}|(?:ios|android) ?(?:版|用|için) ?(?:の )?outlook.{0,20}"
    r"|获取.{0,10}(?:ios|android).{0,10}outlook.{0,10}"
)
KOREAN_OWNER = (
    r"(?:나의|내|제|저의|삼성|samsung|lg|sk|kt|애플|apple|네이버|naver|다음|daum|카카오|kakao|한메일|hanmail"
    r"|네이트|nate|구글|google|야후|yahoo!?|마이크로소프트|microsoft"
    r"|(?:android|ios|iphone|windows|안드로이드|아이폰|모바일)용)"
)
KOREAN_DEVICE = (
    r"(?:iphone|아이폰|ipad|아이패드|galaxy|갤럭시|스마트폰|휴대폰|휴대\s?전화|핸드폰|모바일|태블릿|안드로이드|android"
    r"|outlook|아웃룩|gmail|지메일"
    r"|(?:네이버|다음|카카오|카카오톡|야후|구글|naver|daum|kakao|yahoo|이|e-?)?\s?(?:메일|mail|email))"
)
KOREAN_SENT = (
    r"(?:에서|을 통해|를 통해|으로|로|을 이용해|를 이용해)(?:서)?\s?"
    r"(?:보냄|보냈습니다|보냈어요|보낸\s?(?:메일|메시지)(?:입니다)?|보내드립니다"
    r"|발송(?:됨|되었습니다|하였습니다|했습니다)?|전송(?:됨|되었습니다|했습니다)?|작성(?:됨|되었습니다|했습니다)?)"
)
KOREAN_GET = (
    r"(?:ios|android|windows|안드로이드)용 outlook.{0,30}"
    r"|outlook for .{1,20} ?(?:다운로드|가져오기|받기).{0,10}"
)
EXCUSE = (
    r"(?:please )?(?:excuse|forgive|pardon) (?:my |any |the )?"
    r"(?:brevity|typos?|typing|spelling|terse|mistakes|errors).{0,60}"
)

#: How a legal notice begins …
NOTICE = (
    r"(?:(?:legal|important|privacy) )?(?:confidential(?:ity)?|disclaimer|notice)\b"
    r"|(?:this|the) (?:e-?mail|message|communication|transmission|information|contents?)\b"
    r"|if you (?:are not|have received|received)\b|unless you are|any unauthori[sz]ed"
    r"|diese (?:e-?mail|nachricht)|ce (?:message|courriel|mail)|este (?:mensaje|correo|mensagem|e-?mail)"
    r"|esta mensagem"
    r"|(?:본|이|위|상기|해당)\s?(?:전자\s?우편|전자\s?메일|이?-?메일|이메일|e-?mail|메시지|통신)"
    r"|(?:귀하가|귀하께서)?\s?(?:의도된|지정된|잘못|만약|만일)"
    r"|(?:보안|주의|경고|알림|법적 고지|유의사항|비밀\s?유지)"
)
#: … and what it speaks of; several of these together make one.
LEGAL = (
    r"confidential|privileged|intended|addressee|recipient|disclos|disseminat|distribut|unauthori[sz]ed"
    r"|prohibited|notify|delete|in error|liabilit|virus|copying|vertraulich|empfänger|confidentiel"
    r"|destinataire|confidencial|destinatari|기밀|비밀|대외비|수신(?:자|인)|지정된|무단|열람|배포|복사|복제"
    r"|유출|누설|전재|삭제|파기|법률|법적|책임|잘못\s?(?:수신|전송|발송|전달|받)|발신(?:자|인)|허가"
)
#: Lines that scanners, lists and printers' friends append.
FOOTER = (
    r"please (?:consider|think (?:of|about)) the environment|think (?:green )?before (?:you )?print"
    r"|virus-free\b|이 (?:메일|이메일)[은는]? .{0,40}(?:바이러스|백신|안티바이러스)"
    r"|바이러스(?:가)? ?(?:없습니다|없음)"
    r"|this (?:e-?mail|message) (?:has been|was) (?:checked|scanned) (?:for viruses|by)"
    r"|you (?:received|are receiving) this (?:e-?mail|message) because|to unsubscribe from this"
    r"|reply to this email directly|for more options, visit https?://|출력하기 전에.{0,30}환경"
)

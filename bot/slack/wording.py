"""What the desk says in Slack by itself, in both languages; answers come from the library."""

from __future__ import annotations

from collections.abc import Mapping

from faq.contest import Language

_WORDS: Mapping[Language, Mapping[str, str]] = {
    Language.KO: {
        "source": "출처: {source}",
        "approved": "담당자가 미리 승인한 글로 드리는 자동 답변입니다."
        " 더 궁금한 점은 이 스레드에 답글로 적어 주세요.",
        "helped": "도움이 됐어요",
        "person": "담당자에게 문의",
        "unsure": "질문을 정확히 이해했는지 확실하지 않습니다. 찾으시는 내용이 있으면 눌러 주세요.",
        "unsure_logged": "없으면 그대로 두셔도 됩니다."
        " 문의 번호 {inquiry}번으로 접수되어 담당자가 확인합니다.",
        "waits": "담당자가 직접 답변드립니다",
        "logged": "문의 번호 {inquiry}번으로 접수되었습니다."
        " 담당자가 확인한 뒤 이 스레드에 답변드리겠습니다.",
        "thanks_helped": "도움이 되었다고 알려 주셔서 고맙습니다.",
        "thanks_person": "담당자에게 전달했습니다. 문의 번호는 {inquiry}번입니다.",
        "not_yours": "이 버튼은 질문하신 분만 누를 수 있습니다.",
        "gone": "이 질문은 더 이상 찾을 수 없습니다. 다시 질문해 주세요.",
        "staff": "{staff} 드림 · {contest}",
        "looking": "답을 찾고 있습니다…",
        "personal_direct": "신청자 본인에 관한 내용은 본인 확인을 마친 뒤 이 대화에서 안내해 드립니다.",
        "personal_channel": "신청자 본인에 관한 내용은 채널에서 안내하지 않습니다."
        " 메일로 문의하시거나 저에게 다이렉트 메시지를 보내 주세요.",
        "link": "본인 확인 Verify",
        "link_title": "본인 확인",
        "link_address": "신청할 때 쓴 메일 주소",
        "link_send": "코드 받기",
        "link_sent": "그 주소로 확인 코드를 보냈습니다. 10분 안에 적어 주세요.",
        "link_code": "메일로 받은 코드",
        "link_check": "확인",
        "link_done": "확인되었습니다. 이제 이 대화에서 본인에 관한 안내를 받으실 수 있습니다.",
        "link_purpose": "Slack 사용자 본인 확인",
        "link_subject": "확인 코드",
        "bad_address": "메일 주소 하나를 정확히 적어 주세요.",
        "too_many": "코드를 너무 많이 보냈습니다. 한 시간 뒤에 다시 해 주세요.",
        "guest": "이 작업 공간의 손님 계정에는 일반 안내만 드릴 수 있습니다. 메일로 문의해 주세요.",
        "unverified": "지금은 확인할 수 없습니다. 잠시 뒤에 다시 해 주세요.",
        "wrong_code": "코드가 맞지 않습니다. 가장 최근에 받은 메일을 확인해 주세요.",
        "void_code": "더 이상 쓸 수 없는 코드입니다. 창을 닫고 새 코드를 받아 주세요.",
        "close": "닫기",
        "failed": "처리하지 못했습니다. 담당자에게 이 번호를 알려 주세요: {number}",
        "unknown_command": "모르는 명령입니다.",
        "again": "창을 열 시간이 지났습니다. 다시 눌러 주세요.",
        "again_button": "다시 Try again",
    },
    Language.EN: {
        "source": "Source: {source}",
        "approved": "This is an automatic answer, made of texts that our staff have approved."
        " If you want to know more, reply in this thread.",
        "helped": "That helped",
        "person": "I need a person",
        "unsure": "We are not sure that we understood your question. If one of these is it, choose it.",
        "unsure_logged": "If none is, there is nothing to do: your question is logged as inquiry"
        " no. {inquiry} and our staff will look at it.",
        "waits": "A person will answer this",
        "logged": "Logged as inquiry no. {inquiry}. A member of our staff will reply in this thread.",
        "thanks_helped": "Thank you for telling us that this helped.",
        "thanks_person": "We have passed it on to our staff. Your inquiry number is {inquiry}.",
        "not_yours": "Only the person who asked can press this button.",
        "gone": "This question cannot be found any more. Please ask again.",
        "staff": "{staff} · {contest}",
        "looking": "Looking for the answer…",
        "personal_direct": "What concerns you alone can be told in this conversation once you have verified"
        " who you are.",
        "personal_channel": "What concerns one applicant alone is not told in a channel."
        " Please write by e-mail or send me a direct message.",
        "link": "본인 확인 Verify",
        "link_title": "Verify",
        "link_address": "The e-mail address you applied with",
        "link_send": "Send code",
        "link_sent": "We have mailed a code to that address. Please enter it within 10 minutes.",
        "link_code": "The code from the mail",
        "link_check": "Verify",
        "link_done": "Verified. What concerns you alone can now be told in this conversation.",
        "link_purpose": "verifying a Slack user",
        "link_subject": "Your code",
        "bad_address": "Please write exactly one e-mail address.",
        "too_many": "Too many codes were sent. Please try again in an hour.",
        "guest": "Guests of this workspace get general answers only. Please write by e-mail.",
        "unverified": "This cannot be checked right now. Please try again in a moment.",
        "wrong_code": "This code is wrong. Please look at the newest mail.",
        "void_code": "This code cannot be used any more. Close the window and ask for a new one.",
        "close": "Close",
        "failed": "This could not be done. Please tell our staff this number: {number}",
        "unknown_command": "Unknown command.",
        "again": "The time to open the window was over. Please press again.",
        "again_button": "다시 Try again",
    },
}


def say(name: str, language: Language, **values: object) -> str:
    """One sentence in one language."""
    return _WORDS[language][name].format(**values)


def both(name: str, **values: object) -> str:
    """One sentence in both languages, where nobody knows which one is read."""
    return " / ".join(say(name, language, **values) for language in Language)

"""What staff read in Slack: states, buttons and titles, Korean and English in one string."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.tables import InquiryState, Origin
from faq.contest import SEOUL

#: Emoji and word, never colour alone.
STATES: Mapping[InquiryState, str] = {
    InquiryState.NEW: "🟡 새 문의 New",
    InquiryState.CLAIMED: "🔵 담당 중 Claimed",
    InquiryState.NEEDS_INFO: "🟣 추가 정보 대기 Needs info",
    InquiryState.SENDING: "⏳ 보내는 중 Sending",
    InquiryState.ANSWERED: "🟢 답변 완료 Answered",
    InquiryState.CLOSED: "⚪ 종료 Closed",
    InquiryState.SNOOZED: "😴 보류 Snoozed",
    InquiryState.DUPLICATE: "🔗 중복 Duplicate",
    InquiryState.SPAM: "🚫 스팸 Spam",
}
ORIGINS: Mapping[Origin, str] = {Origin.EMAIL: "📧 e-mail", Origin.SLACK: "💬 Slack"}
LANGUAGES: Mapping[str, str] = {"ko": "🇰🇷 ko", "en": "🇬🇧 en"}

CLAIM = "담당하기 Claim"
RELEASE = "내려놓기 Release"
ANSWER = "답변 Answer"
ASK = "더 물어보기 Ask for detail"
SEND_FAQ = "FAQ 보내기 Send FAQ"
VERDICT = "구축 가능 판정 Verdict"
UNDO = "되돌리기 Undo"
REOPEN = "다시 열기 Reopen"
SAVE_FAQ = "FAQ로 저장 Save as FAQ"
ASSIGN = "담당자 지정 Assign"
DUPLICATE = "중복으로 표시 Duplicate"
SNOOZE = "내일 09:00까지 보류 Snooze"
SPAM = "스팸 Spam"
CLOSE = "답변 없이 종료 Close"
TAKE_OVER = "이어받기 Take over"
VIEW_DRAFT = "초안 보기 View draft"
SAVE_DRAFT = "초안 저장 Save draft"
EDIT = "수정 Edit"
APPROVE = "승인 Approve"
REJECT = "거절 Reject"
RETRY = "다시 시도 Try again"

#: What happened, for the thread and the history.
EVENTS: Mapping[str, str] = {
    "asked": "신청자 메시지 Applicant wrote",
    "thanks": "신청자 인사 Applicant said thanks",
    "answered": "자동 안내 발송 Desk replied",
    "withheld": "자동 안내 보류 Desk held its reply",
    "letter": "답변 작성 Answer written",
    "detail": "추가 정보 요청 Asked for detail",
    "sent": "답변 발송됨 Answer sent",
    "undone": "답변 되돌림 Answer taken back",
    "not_sent": "답변이 발송되지 못함 Answer could not be sent",
    "note": "내부 메모 Internal note",
    "claimed": "담당 시작 Claimed",
    "released": "내려놓음 Released",
    "assigned": "담당자 지정 Assigned",
    "took_over": "작성을 이어받음 Took over",
    "snoozed": "보류 Snoozed",
    "woken": "보류 끝 Woken",
    "closed": "종료 Closed",
    "reopened": "다시 열림 Reopened",
    "spam": "스팸으로 표시 Marked as spam",
    "duplicate": "중복으로 표시 Marked as duplicate",
    "merged": "다른 문의를 합침 Merged",
    "verdict": "구축 가능 판정 Verdict",
    "precedent": "판정 승인 Verdict approved",
    "feedback": "신청자 의견 Feedback",
    "claims_thread": "다른 사람의 대화라고 함 Claims another's thread",
    "silent": "자동 메일 수신 Machine mail",
    "nudged": "알림 Nudge",
    "refused": "거절된 시도 Refused attempt",
    "draft": "FAQ 초안 FAQ draft",
    "filed": "문의로 등록 Filed as inquiry",
    "edited": "신청자가 메시지를 고침 Applicant edited",
    "deleted": "신청자가 메시지를 지움 Applicant deleted",
}


def state(one: InquiryState) -> str:
    """A state as emoji and words."""
    return STATES[one]


def instant(at: datetime) -> str:
    """An instant in Korean time, short: "11/20 12:00"."""
    return f"{at.astimezone(SEOUL):%m/%d %H:%M}"


def ago(at: datetime, *, now: datetime) -> str:
    """How long ago: "3분 3 min", "2시간 2 h", "4일 4 d"."""
    return span(now - at)


def span(lasted: timedelta) -> str:
    """How long something lasted, in its largest unit."""
    minutes = max(0, int(lasted.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes}분 {minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60}시간 {minutes // 60} h"
    return f"{minutes // (24 * 60)}일 {minutes // (24 * 60)} d"

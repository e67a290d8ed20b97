from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cohorts.views import (
    arrangements,
    assignments,
    attending,
    board,
    board_acts,
    candidates,
    exports,
    inviting,
    joining,
    members,
    papers,
    previews,
    results,
    running,
    settings,
)

COHORT = "cohorts/<uuid:cohort_id>/"
SETTINGS = f"{COHORT}settings/"
BOARD = f"{COHORT}board/"
RESULTS = f"{COHORT}results/"
CANDIDATE = f"{COHORT}candidates/<int:user_id>/"
ASSIGNMENT = f"{COHORT}assignments/<uuid:assignment_id>/"
JOINING = f"{COHORT}joining/"
MEMBER = f"{COHORT}members/<int:user_id>/"
INSTRUCTORS = f"{COHORT}instructors/"
INVITATIONS = f"{COHORT}invitations/"
SITTING = f"{CANDIDATE}sittings/<uuid:sitting_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    # The cohort and who teaches it
    path("cohorts/", running.cohorts, name="cohorts"),
    path("cohorts/new/", running.cohort_new, name="cohort_new"),
    path(COHORT, running.cohort, name="cohort"),
    path(SETTINGS, settings.cohort_settings, name="cohort_settings"),
    path(f"{SETTINGS}name/", settings.cohort_rename, name="cohort_rename"),
    path(f"{SETTINGS}archive/", settings.cohort_archive, name="cohort_archive"),
    path(f"{SETTINGS}restore/", settings.cohort_restore, name="cohort_restore"),
    path(INSTRUCTORS, settings.cohort_instructor_add, name="cohort_instructor_add"),
    path(f"{INSTRUCTORS}<int:user_id>/remove/", settings.cohort_instructor_remove, name="cohort_instructor_remove"),
    path(f"{INSTRUCTORS}<int:user_id>/hand-over/", settings.cohort_hand_over, name="cohort_hand_over"),
    path(f"{COHORT}log/", settings.cohort_log, name="cohort_log"),
    # Who learns in it
    path(f"{COHORT}members/", members.cohort_members, name="cohort_members"),
    path(MEMBER, members.cohort_member, name="cohort_member"),
    path(f"{MEMBER}remove/", members.cohort_member_remove, name="cohort_member_remove"),
    path(JOINING, inviting.cohort_joining, name="cohort_joining"),
    path(f"{JOINING}screen/", inviting.cohort_screen, name="cohort_screen"),
    path(f"{JOINING}code.svg", inviting.cohort_qr, name="cohort_qr"),
    path(f"{JOINING}open/", inviting.cohort_open, name="cohort_open"),
    path(f"{JOINING}close/", inviting.cohort_close, name="cohort_close"),
    path(f"{JOINING}new-code/", inviting.cohort_renew_code, name="cohort_renew_code"),
    path(f"{COHORT}invite/", inviting.cohort_invite, name="cohort_invite"),
    path(f"{COHORT}invite/confirm/", inviting.cohort_invite_confirm, name="cohort_invite_confirm"),
    path(f"{INVITATIONS}<int:invitation_id>/resend/", inviting.cohort_resend, name="cohort_resend"),
    path(f"{INVITATIONS}resend/", inviting.cohort_resend_stuck, name="cohort_resend_stuck"),
    path(f"{INVITATIONS}<int:invitation_id>/withdraw/", inviting.cohort_withdraw, name="cohort_withdraw"),
    # Assignments
    path(f"{COHORT}assignments/", assignments.cohort_assignments, name="cohort_assignments"),
    path(f"{COHORT}assignments/new/", assignments.assignment_new, name="assignment_new"),
    path(ASSIGNMENT, assignments.assignment, name="assignment"),
    path(f"{ASSIGNMENT}edit/", assignments.assignment_edit, name="assignment_edit"),
    path(f"{ASSIGNMENT}cancel/", assignments.assignment_cancel, name="assignment_cancel"),
    path(f"{ASSIGNMENT}release/", assignments.assignment_release, name="assignment_release"),
    path(f"{ASSIGNMENT}people/<int:user_id>/", arrangements.arrangement, name="arrangement"),
    path(f"{COHORT}forms/<int:number>/", previews.form_preview, name="form_preview"),
    # Live board
    path(BOARD, board.cohort_board, name="cohort_board"),
    path(f"{BOARD}now/<uuid:assignment_id>/", board.cohort_board_now, name="cohort_board_now"),
    path(f"{BOARD}<slug:act>/", board_acts.cohort_board_act, name="cohort_board_act"),
    # Results
    path(RESULTS, results.cohort_results, name="cohort_results"),
    path(f"{RESULTS}scores.svg", results.cohort_scores_chart, name="cohort_scores_chart"),
    path(f"{RESULTS}teach-next/", results.cohort_teach, name="cohort_teach"),
    path(f"{RESULTS}teach-next.svg", results.cohort_teach_chart, name="cohort_teach_chart"),
    path(f"{RESULTS}questions/", results.cohort_items, name="cohort_items"),
    path(f"{RESULTS}questions/<int:revision_id>/", results.cohort_item, name="cohort_item"),
    path(CANDIDATE, candidates.cohort_candidate, name="cohort_candidate"),
    path(SITTING, candidates.candidate_sitting, name="candidate_sitting"),
    path(f"{SITTING}timeline/", candidates.candidate_timeline, name="candidate_timeline"),
    path(f"{SITTING}questions/<int:number>/", candidates.candidate_question, name="candidate_question"),
    path(f"{CANDIDATE}report.pdf", papers.candidate_report_pdf, name="candidate_report_pdf"),
    path(f"{COHORT}report.pdf", papers.cohort_report_pdf, name="cohort_report_pdf"),
    path(f"{COHORT}export/", exports.cohort_exports, name="cohort_exports"),
    path(f"{COHORT}export/<slug:what>.<slug:suffix>", exports.cohort_export, name="cohort_export"),
    # What candidates see
    path("join/", joining.join, name="join"),
    path("join/<str:code>/", joining.join_code, name="join_code"),
    path("assignments/cohorts/", joining.my_cohorts, name="my_cohorts"),
    path("assignments/cohorts/<uuid:cohort_id>/leave/", joining.leave_cohort, name="leave_cohort"),
    path("exams/", attending.exam_list, name="exam_list"),
    path("assignments/", attending.my_assignments, name="my_assignments"),
    path("assignments/<uuid:assignment_id>/", attending.my_assignment, name="my_assignment"),
]

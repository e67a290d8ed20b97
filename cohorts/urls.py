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

ASSIGNMENTS = "cohorts/<uuid:cohort_id>/assignments/"
ASSIGNMENT = f"{ASSIGNMENTS}<uuid:assignment_id>/"
COHORT = "cohorts/<uuid:cohort_id>/"
CANDIDATE = f"{COHORT}candidates/<int:user_id>/"
SITTING = f"{CANDIDATE}sittings/<uuid:sitting_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("cohorts/", running.cohorts, name="cohorts"),
    path("cohorts/new/", running.cohort_new, name="cohort_new"),
    path("cohorts/<uuid:cohort_id>/", running.cohort, name="cohort"),
    # people
    path("cohorts/<uuid:cohort_id>/members/", members.cohort_members, name="cohort_members"),
    path("cohorts/<uuid:cohort_id>/members/<int:user_id>/", members.cohort_member, name="cohort_member"),
    path(
        "cohorts/<uuid:cohort_id>/members/<int:user_id>/remove/",
        members.cohort_member_remove,
        name="cohort_member_remove",
    ),
    path("cohorts/<uuid:cohort_id>/joining/", inviting.cohort_joining, name="cohort_joining"),
    path("cohorts/<uuid:cohort_id>/joining/screen/", inviting.cohort_screen, name="cohort_screen"),
    path("cohorts/<uuid:cohort_id>/joining/code.svg", inviting.cohort_qr, name="cohort_qr"),
    path("cohorts/<uuid:cohort_id>/joining/open/", inviting.cohort_open, name="cohort_open"),
    path("cohorts/<uuid:cohort_id>/joining/close/", inviting.cohort_close, name="cohort_close"),
    path("cohorts/<uuid:cohort_id>/joining/new-code/", inviting.cohort_renew_code, name="cohort_renew_code"),
    path("cohorts/<uuid:cohort_id>/invite/", inviting.cohort_invite, name="cohort_invite"),
    path("cohorts/<uuid:cohort_id>/invite/confirm/", inviting.cohort_invite_confirm, name="cohort_invite_confirm"),
    path(
        "cohorts/<uuid:cohort_id>/invitations/<int:invitation_id>/resend/",
        inviting.cohort_resend,
        name="cohort_resend",
    ),
    path(
        "cohorts/<uuid:cohort_id>/invitations/resend/",
        inviting.cohort_resend_stuck,
        name="cohort_resend_stuck",
    ),
    path(
        "cohorts/<uuid:cohort_id>/invitations/<int:invitation_id>/withdraw/",
        inviting.cohort_withdraw,
        name="cohort_withdraw",
    ),
    path("cohorts/<uuid:cohort_id>/settings/", settings.cohort_settings, name="cohort_settings"),
    path("cohorts/<uuid:cohort_id>/settings/name/", settings.cohort_rename, name="cohort_rename"),
    path("cohorts/<uuid:cohort_id>/settings/archive/", settings.cohort_archive, name="cohort_archive"),
    path("cohorts/<uuid:cohort_id>/settings/restore/", settings.cohort_restore, name="cohort_restore"),
    path("cohorts/<uuid:cohort_id>/instructors/", settings.cohort_instructor_add, name="cohort_instructor_add"),
    path(
        "cohorts/<uuid:cohort_id>/instructors/<int:user_id>/remove/",
        settings.cohort_instructor_remove,
        name="cohort_instructor_remove",
    ),
    path(
        "cohorts/<uuid:cohort_id>/instructors/<int:user_id>/hand-over/",
        settings.cohort_hand_over,
        name="cohort_hand_over",
    ),
    path("cohorts/<uuid:cohort_id>/log/", settings.cohort_log, name="cohort_log"),
    # candidates
    path("join/", joining.join, name="join"),
    path("join/<str:code>/", joining.join_code, name="join_code"),
    path("assignments/cohorts/", joining.my_cohorts, name="my_cohorts"),
    path("assignments/cohorts/<uuid:cohort_id>/leave/", joining.leave_cohort, name="leave_cohort"),
    path("exams/", attending.exam_list, name="exam_list"),
    path("assignments/", attending.my_assignments, name="my_assignments"),
    path("assignments/<uuid:assignment_id>/", attending.my_assignment, name="my_assignment"),
    path(ASSIGNMENTS, assignments.cohort_assignments, name="cohort_assignments"),
    path(f"{ASSIGNMENTS}new/", assignments.assignment_new, name="assignment_new"),
    path(ASSIGNMENT, assignments.assignment, name="assignment"),
    path(f"{ASSIGNMENT}edit/", assignments.assignment_edit, name="assignment_edit"),
    path(f"{ASSIGNMENT}cancel/", assignments.assignment_cancel, name="assignment_cancel"),
    path(f"{ASSIGNMENT}release/", assignments.assignment_release, name="assignment_release"),
    path(f"{ASSIGNMENT}people/<int:user_id>/", arrangements.arrangement, name="arrangement"),
    path("cohorts/<uuid:cohort_id>/forms/<int:number>/", previews.form_preview, name="form_preview"),
    path(f"{COHORT}board/", board.cohort_board, name="cohort_board"),
    path(f"{COHORT}board/now/<uuid:assignment_id>/", board.cohort_board_now, name="cohort_board_now"),
    path(f"{COHORT}board/<slug:act>/", board_acts.cohort_board_act, name="cohort_board_act"),
    path(f"{COHORT}results/", results.cohort_results, name="cohort_results"),
    path(f"{COHORT}results/scores.svg", results.cohort_scores_chart, name="cohort_scores_chart"),
    path(f"{COHORT}results/teach-next/", results.cohort_teach, name="cohort_teach"),
    path(f"{COHORT}results/teach-next.svg", results.cohort_teach_chart, name="cohort_teach_chart"),
    path(f"{COHORT}results/questions/", results.cohort_items, name="cohort_items"),
    path(f"{COHORT}results/questions/<int:revision_id>/", results.cohort_item, name="cohort_item"),
    path(CANDIDATE, candidates.cohort_candidate, name="cohort_candidate"),
    path(SITTING, candidates.candidate_sitting, name="candidate_sitting"),
    path(f"{SITTING}timeline/", candidates.candidate_timeline, name="candidate_timeline"),
    path(f"{SITTING}questions/<int:number>/", candidates.candidate_question, name="candidate_question"),
    path(f"{CANDIDATE}report.pdf", papers.candidate_report_pdf, name="candidate_report_pdf"),
    path(f"{COHORT}report.pdf", papers.cohort_report_pdf, name="cohort_report_pdf"),
    path(f"{COHORT}export/", exports.cohort_exports, name="cohort_exports"),
    path(f"{COHORT}export/<slug:what>.<slug:suffix>", exports.cohort_export, name="cohort_export"),
]

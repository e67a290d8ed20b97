"""Addresses below /bank/; for authors, and 404 for everybody else."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from scoring.bank import (
    coverage,
    editor,
    exams,
    exchange,
    fairness,
    forms,
    images,
    judging,
    labels,
    life,
    life_acts,
    outline,
    questions,
    rate_first,
    regrades,
    reports,
    reviews,
    rounds,
    runs,
    scenarios,
    standards,
    studio,
    studio_acts,
)


class PublicIdConverter(StringConverter):
    """Whatever might be an id. No row holds a NUL, and the database refuses to look for one: there is no such page."""

    regex = r"[^/\x00]+"


register_converter(PublicIdConverter, "public_id")

QUESTION = "exams/<slug:code>/questions/<public_id:public_id>/"
LIFE = "questions/<public_id:public_id>/"

urlpatterns: list[URLPattern] = [
    path("", exams.bank, name="bank"),
    path("images/", images.studio_images, name="studio_images"),
    path("images/<slug:sha256>/delete/", images.studio_image_delete, name="studio_image_delete"),
    path("import/", exchange.studio_import, name="studio_import"),
    path("import/<uuid:identifier>/", exchange.studio_import_preview, name="studio_import_preview"),
    path("export/", exchange.studio_export, name="studio_export"),
    path("reports/", reports.bank_reports, name="bank_reports"),
    path("reports/<int:pk>/", reports.bank_report, name="bank_report"),
    path("exams/new/", outline.exam_new, name="bank_exam_new"),
    path("exams/<slug:code>/edit/", outline.exam_edit, name="bank_exam_edit"),
    path("questions/", studio.studio_questions, name="studio_questions"),
    path("questions/filters/", studio.studio_save_filter, name="studio_save_filter"),
    path("questions/filters/<int:pk>/remove/", studio.studio_remove_filter, name="studio_remove_filter"),
    path("questions/retire/", studio_acts.studio_retire, name="studio_retire"),
    path("questions/tag/", studio_acts.studio_tag, name="studio_tag"),
    path("questions/submit/", studio_acts.studio_submit, name="studio_submit"),
    path("judging/", judging.studio_judging, name="studio_judging"),
    path("judging/<int:pk>/", judging.studio_judge, name="studio_judge"),
    path("scenarios/", scenarios.studio_scenarios, name="studio_scenarios"),
    path("scenarios/<public_id:public_id>/", scenarios.studio_scenario, name="studio_scenario"),
    path("questions/<public_id:public_id>/labels/", labels.studio_labels, name="studio_labels"),
    path("questions/new/", editor.studio_new, name="studio_new"),
    path("questions/<public_id:public_id>/edit/", editor.studio_edit, name="studio_edit"),
    path("questions/<public_id:public_id>/edit/save/", editor.studio_save, name="studio_save"),
    path("questions/<public_id:public_id>/edit/preview/", editor.studio_preview, name="studio_preview"),
    path("questions/<public_id:public_id>/edit/checks/", editor.studio_checks, name="studio_checks"),
    path("questions/<public_id:public_id>/edit/people/", editor.studio_people, name="studio_people"),
    path("exams/<slug:code>/", exams.bank_exam, name="bank_exam"),
    path("exams/<slug:code>/rounds/", rounds.studio_rounds, name="studio_rounds"),
    path("exams/<slug:code>/exposure.svg", exams.bank_exam_exposure, name="bank_exam_exposure"),
    path("exams/<slug:code>/standard/", standards.bank_standard, name="bank_standard"),
    path("exams/<slug:code>/standard/scores.svg", standards.bank_standard_scores, name="bank_standard_scores"),
    path("exams/<slug:code>/questions/", questions.bank_questions, name="bank_questions"),
    path(QUESTION, questions.bank_question, name="bank_question"),
    *(
        path(f"{QUESTION}{chart}.svg", questions.bank_question_chart, {"chart": chart}, name=f"bank_question_{chart}")
        for chart in questions.CHARTS
    ),
    path("exams/<slug:code>/coverage/", coverage.bank_coverage, name="bank_coverage"),
    path("exams/<slug:code>/fairness/", fairness.bank_fairness, name="bank_fairness"),
    path("exams/<slug:code>/forms/", forms.bank_forms, name="bank_forms"),
    path("exams/<slug:code>/forms/<int:number>/", forms.bank_form, name="bank_form"),
    path("exams/<slug:code>/forms/<int:number>/<slug:chart>.svg", forms.bank_form_chart, name="bank_form_chart"),
    path("exams/<slug:code>/runs/", runs.run_list, name="bank_runs"),
    path("exams/<slug:code>/runs/<int:number>/", runs.run_detail, name="bank_run"),
    path("exams/<slug:code>/runs/<int:number>/promote/", runs.run_promote, name="bank_promote"),
    path(
        "exams/<slug:code>/runs/<int:number>/ratings.svg", runs.run_chart, {"chart": "ratings"}, name="bank_run_ratings"
    ),
    path(
        "exams/<slug:code>/runs/<int:number>/population.svg",
        runs.run_chart,
        {"chart": "population"},
        name="bank_run_population",
    ),
    path("exams/<slug:code>/regrades/", regrades.bank_regrades, name="bank_regrades"),
    path("exams/<slug:code>/regrades/<int:pk>/", regrades.bank_regrade_detail, name="bank_regrade_detail"),
    path("exams/<slug:code>/questions/<public_id:public_id>/regrade/", regrades.bank_regrade, name="bank_regrade"),
    path("reviews/", reviews.studio_reviews, name="studio_reviews"),
    # After every other address below questions/ that is not of one question: the id takes whatever is left.
    path(LIFE, life.studio_life, name="studio_life"),
    path(f"{LIFE}trail/", life.studio_trail, name="studio_trail"),
    path(f"{LIFE}revisions/<int:number>/", life.studio_revision, name="studio_revision"),
    path(f"{LIFE}compare/<int:old>/<int:new>/", life.studio_compare, name="studio_compare"),
    path(f"{LIFE}withdraw/", life.life_withdraw, name="life_withdraw"),
    *(
        path(f"{LIFE}{act}/", life.life_act, {"act": act}, name=f"life_{act.replace('-', '_')}")
        for act in life_acts.ACTS
    ),
]

# The id in this address is a case study's, and its page shows no key.
OF_SCENARIOS = {"studio_scenario"}
BY_NUMBER: dict[str | None, rate_first.Find] = {
    "bank_report": rate_first.reported,
    "bank_regrade_detail": rate_first.regraded,
}

for one in urlpatterns:
    if one.name in BY_NUMBER:
        one.callback = rate_first.rate_first(one.callback, BY_NUMBER[one.name])
    elif "public_id" in one.pattern.converters and one.name not in OF_SCENARIOS:
        one.callback = rate_first.rate_first(one.callback, rate_first.named)

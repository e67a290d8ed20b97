from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from scoring import views

QUESTION = "results/<uuid:sitting_id>/questions/<int:number>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("bank/", include("scoring.bank.urls")),
    path("exams/<slug:code>/", views.exam_detail, name="exam_detail"),
    path("sittings/<uuid:sitting_id>/end/", views.sitting_end, name="sitting_end"),
    path("sittings/<uuid:sitting_id>/finish/", views.sitting_finish, name="sitting_finish"),
    path("results/<uuid:sitting_id>/", views.result, name="result"),
    path("results/<uuid:sitting_id>/questions/", views.result_questions, name="result_questions"),
    path(QUESTION, views.result_question, name="result_question"),
    path(f"{QUESTION}report/", views.result_report, name="result_report"),
    path(f"{QUESTION}report/<int:pk>/", views.result_report, name="result_report_change"),
    path(f"{QUESTION}report/<int:pk>/take-back/", views.result_report_take_back, name="result_report_take_back"),
    path("results/<uuid:sitting_id>/timeline/", views.result_timeline, name="result_timeline"),
    path("progress/", views.progress_page, name="progress"),
]

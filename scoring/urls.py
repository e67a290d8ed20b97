from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from scoring import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("bank/", include("scoring.bank.urls")),
    path("exams/", views.exam_list, name="exam_list"),
    path("exams/<slug:code>/", views.exam_detail, name="exam_detail"),
    path("sittings/<uuid:sitting_id>/end/", views.sitting_end, name="sitting_end"),
    path("sittings/<uuid:sitting_id>/finish/", views.sitting_finish, name="sitting_finish"),
    path("results/<uuid:sitting_id>/", views.result, name="result"),
    path("results/<uuid:sitting_id>/questions/", views.result_questions, name="result_questions"),
    path("results/<uuid:sitting_id>/questions/<int:number>/", views.result_question, name="result_question"),
    path("results/<uuid:sitting_id>/timeline/", views.result_timeline, name="result_timeline"),
    path("progress/", views.progress_page, name="progress"),
]

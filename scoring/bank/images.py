"""Images for questions: upload one, copy what shows it, delete what nothing shows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import author_required
from exams.access import person
from questions.models import Image
from questions.models.images import LONGEST_ALT
from questions.services import images as services
from questions.services.base import Refused
from scoring.reports import images


class ImageForm(forms.Form):
    """A file, and what it shows."""

    file = forms.FileField(
        label="Image",
        allow_empty_file=True,  # said more clearly by what looks at the bytes
        widget=forms.FileInput({"accept": "image/png,image/jpeg,image/webp,image/gif"}),
        error_messages={"required": "Choose a file."},
    )
    alt = forms.CharField(
        label="What it shows",
        max_length=LONGEST_ALT,
        widget=forms.TextInput({"autocomplete": "off"}),
        error_messages={"required": "Say what the image shows, for those who do not see it."},
    )

    def clean_file(self) -> Any:
        sent = self.cleaned_data["file"]
        if sent.size > settings.IMAGE_MAXIMUM_BYTES:  # before its bytes are read into memory
            raise forms.ValidationError(f"The image has more than {settings.IMAGE_MAXIMUM_BYTES / 1e6:g} MB.")
        return sent


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def studio_images(request: HttpRequest) -> HttpResponse:
    """The newest images; on POST another one is kept."""
    if request.method != "POST":
        return _page(request, ImageForm())
    form = ImageForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        image = services.store(
            content=form.cleaned_data["file"].read(), alt=form.cleaned_data["alt"], by=person(request)
        )
    except Refused as refused:
        form.add_error("file", str(refused))
        return _page(request, form, status=422)
    messages.success(request, "The image is kept. Copy what stands below it into the question.")
    return redirect(f"{request.path}?image={image.pk}")


@author_required
@require_POST
def studio_image_delete(request: HttpRequest, sha256: str) -> HttpResponse:
    """Delete an image that nothing shows."""
    try:
        services.remove(sha256=sha256, by=person(request))
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The image was deleted.")
    return redirect("studio_images")


def _page(request: HttpRequest, form: ImageForm, *, status: int = 200) -> HttpResponse:
    asked = request.GET.get("image", "")[:64].replace("\0", "")
    context = {
        "section": "bank",
        "form": form,
        "listing": images.listing_of(request.GET),
        # The one just sent may have been there for long, and then stands far down in the list.
        "latest": Image.objects.light().filter(pk=asked).first() if asked else None,
        "most_megabytes": f"{settings.IMAGE_MAXIMUM_BYTES / 1e6:g}",
        "most_side": settings.IMAGE_MAXIMUM_SIDE,
    }
    return render(request, "bank/images.html", context, status=status)

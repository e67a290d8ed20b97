"""QR codes as pictures.

reportlab knows the modules; its own SVG has an element for each of a thousand modules, so one path is written here.
"""

from __future__ import annotations

QUIET = 4  # modules of light around the code, ISO/IEC 18004, 9.1


def svg(text: str) -> str:
    """A picture of `text`, black on white in either theme, as readers want it."""
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel  # slow to import, for one picture

    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    count = code.getModuleCount()
    size = count + 2 * QUIET
    dark = "".join(
        f"M{column + QUIET} {row + QUIET}h1v1h-1z"
        for row in range(count)
        for column in range(count)
        if code.isDark(row, column)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{dark}"/></svg>'
    )

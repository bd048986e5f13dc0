"""Makes the pictures in samples/ again: ``python tools/make_samples.py``.

Needs NumPy, Pillow and the files of one wheel, of which nothing is imported:
``pip install --no-deps nilearn==0.14.1``. See samples/README.md for the licence of the template inside.
"""

import gzip
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

NILEARN = "0.14.1"
TEMPLATE = "nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
SHAPE = (197, 233, 189)  # voxels of 1 mm: left to right, back to front, bottom to top
NIFTI_HEADER_BYTES = 352
SLICE = 78  # through the third ventricle
FRAME_MM = 192  # a close crop, as scanners show a head
SIDE_PX = 384
WHITE_MATTER = 0.5  # of full brightness; a contrast agent shines brighter than the brain

FloatArray = NDArray[np.float64]


def read_template() -> FloatArray:
    """One axial slice of the average brain, (SIDE_PX, SIDE_PX), 0 to 1, nose up, centred on black."""
    package = distribution("nilearn")
    if package.version != NILEARN:
        raise SystemExit(f"nilearn {package.version} is installed; pip install --no-deps nilearn=={NILEARN}")
    data = gzip.decompress(Path(str(package.locate_file(TEMPLATE))).read_bytes())
    volume = np.frombuffer(data, dtype=np.uint8, offset=NIFTI_HEADER_BYTES).reshape(SHAPE, order="F")
    brain = np.rot90(volume[:, :, SLICE]) / 255 * WHITE_MATTER
    top, left = ((size - FRAME_MM) // 2 for size in brain.shape)
    frame = Image.fromarray(brain[top : top + FRAME_MM, left : left + FRAME_MM].astype(np.float32))
    enlarged = frame.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(enlarged, dtype=np.float64), 0, 1)


def draw_lesion(brain: FloatArray) -> FloatArray:
    """A bright, even mass in a dark halo, as a textbook draws an enhancing tumor."""
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    down, right = rows - 195, columns - 256  # from the middle of the lesion, in pixels
    angle = np.arctan2(down, right)
    wobble = 1 + 0.10 * np.sin(3 * angle) + 0.06 * np.sin(5 * angle + 1)
    radius = np.hypot(down / 1.1, right) / wobble
    halo, mass = (1 / (1 + np.exp((radius - edge) / 2)) for edge in (84, 56))
    picture = brain * (1 - 0.4 * halo)
    picture = picture * (1 - mass) + 0.92 * mass
    grain = np.random.default_rng(0).normal(0, 0.02, brain.shape)
    drawn: FloatArray = np.where(brain > 0.05, np.clip(picture + grain * halo, 0, 1), brain)
    return drawn


def draw_colour_chart() -> Image.Image:
    """Twelve coloured fields: a picture of anything but a brain."""
    chart = Image.new("RGB", (SIDE_PX, SIDE_PX), "white")
    pen = ImageDraw.Draw(chart)
    for field in range(12):
        left, top = 24 + field % 4 * 87, 48 + field // 4 * 99
        pen.rounded_rectangle((left, top, left + 75, top + 87), 8, fill=f"hsl({field * 30}, 75%, 50%)")
    return chart


def to_image(picture: FloatArray) -> Image.Image:
    """Grey values 0 to 1 as an 8-bit image."""
    return Image.fromarray(np.round(picture * 255).astype(np.uint8))


def main() -> None:
    """Write the three pictures."""
    folder = Path(__file__).parents[1] / "samples"
    brain = read_template()
    pictures = {
        "1-average-healthy-brain.png": to_image(brain),
        "2-drawn-lesion-no-patient.png": to_image(draw_lesion(brain)),
        "3-colour-chart-no-scan.png": draw_colour_chart(),
    }
    for name, picture in pictures.items():
        picture.save(folder / name, optimize=True)
        print(f"{name}: {(folder / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

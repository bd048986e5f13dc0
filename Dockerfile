# The service and the page from one image, by the hashes of deploy/requirements.txt. See docs/deployment.md.
#     docker build --tag brain-tumor-mri . && docker run --read-only --tmpfs /tmp --publish 127.0.0.1:8000:8000 brain-tumor-mri
# A tag moves; for an image that can be built again, give its digest, which no file here can know for your registry:
#     docker buildx imagetools inspect python:3.13-slim-bookworm
#     docker build --build-arg BASE_IMAGE=python:3.13-slim-bookworm@sha256:... --tag brain-tumor-mri .
ARG BASE_IMAGE=python:3.13-slim-bookworm
FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY deploy/requirements.txt deploy/build-requirements.txt deploy/
RUN python -m venv /opt/brain-tumor \
    && /opt/brain-tumor/bin/python -m pip install --no-cache-dir --require-hashes --requirement deploy/requirements.txt
RUN python -m venv /opt/build-tools \
    && /opt/build-tools/bin/python -m pip install --no-cache-dir --require-hashes --requirement deploy/build-requirements.txt
COPY pyproject.toml hatch_build.py README.md LICENSE NOTICE brain_tumor_model_lite.tfliteA ./
COPY src src
# The wheel carries the model file.
RUN /opt/build-tools/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \
    && /opt/brain-tumor/bin/python -m pip install --no-cache-dir --no-deps --no-index wheels/*.whl \
    && /opt/brain-tumor/bin/python -m pip uninstall --yes pip \
    && mkdir state

FROM ${BASE_IMAGE}
# Nothing is written but to /tmp and volumes, so the root file system can be read-only.
ENV PATH="/opt/brain-tumor/bin:$PATH" \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
COPY --from=build /opt/brain-tumor /opt/brain-tumor
COPY app.py deploy/healthcheck.py ./
COPY page page
COPY docs/evaluation.md docs/
COPY samples samples
COPY .streamlit .streamlit
# Where the DICOM node keeps what waits; a volume that is mounted here gets this owner.
COPY --from=build --chown=65532:65532 /build/state /var/lib/brain-tumor
# A number, not a name: Kubernetes' runAsNonRoot cannot tell what a name stands for.
USER 65532:65532
EXPOSE 8000 8501 11112
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "/app/healthcheck.py"]
ENTRYPOINT ["brain-tumor"]
# Inside, other containers and the host are "the network"; what is published is the host's choice.
CMD ["serve", "--host", "0.0.0.0"]

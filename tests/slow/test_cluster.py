"""A sweep on a cluster of two real processes: a Dask scheduler and an `effcore worker`, by TLS."""

from __future__ import annotations

import datetime
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from homes import free_port

pytestmark = pytest.mark.slow

SPEC = """
name: on a cluster
task: digits
recipe:
  - architecture: {family: mlp, width: 0.125}
  - training: {epochs: [1, 2]}
  - runtime: onnxruntime
measure: {processes: 3, width: 1.0, max_s: 1}
"""


def make_certificates(folder: Path) -> Path:
    """One self-signed certificate that is its own authority."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "effcore test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    (folder / "cert.pem").write_bytes(pem)
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return folder


def wait_until_open(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the scheduler did not open its port")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, Path]]:
    """Address, folder of certificates, state folder."""
    base = tmp_path_factory.mktemp("cluster")
    tls, home, port = make_certificates(base / "tls"), base / "home", free_port()
    address = f"tls://127.0.0.1:{port}"
    files = [f"--tls-ca-file={tls / 'ca.pem'}", f"--tls-cert={tls / 'cert.pem'}", f"--tls-key={tls / 'key.pem'}"]
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", *files]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
    wait_until_open(port)
    worker = [sys.executable, "-m", "effcore", "worker", address, "--tls", str(tls), "--home", str(home), "--slots", "2"]
    processes.append(subprocess.Popen(worker, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    yield address, tls, home
    for process in reversed(processes):
        process.send_signal(signal.SIGKILL)
        process.wait()


def run(spec: Path, home: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "effcore", "run", str(spec), "--json", "--home", str(home), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=180)


def test_a_sweep_runs_on_the_workers_and_is_reused_on_this_host(cluster: tuple[str, Path, Path], tmp_path: Path) -> None:
    address, tls, home = cluster
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC)
    for _ in range(30):  # until the worker has joined
        done = run(spec, home, "--cluster", address, "--tls", str(tls))
        if "No worker at" not in done.stderr:
            break
        time.sleep(1)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["variants"], result["failed"]) == (2, 0)
    again = json.loads(run(spec, home).stdout)
    assert again["stages"] == {"executed": 0, "reused": result["stages"]["executed"] + result["stages"]["reused"]}


def test_an_address_without_tls_is_refused(cluster: tuple[str, Path, Path], tmp_path: Path) -> None:
    address, tls, home = cluster
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC.replace("on a cluster", "plain"))
    done = run(spec, home, "--cluster", address.replace("tls://", "tcp://"), "--tls", str(tls))
    assert done.returncode == 2
    assert "must be reached by TLS" in done.stderr


def test_missing_certificates_are_named(cluster: tuple[str, Path, Path], tmp_path: Path) -> None:
    address, _, home = cluster
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC.replace("on a cluster", "no keys"))
    done = run(spec, home, "--cluster", address, "--tls", str(tmp_path))
    assert done.returncode == 2
    assert "Missing: ca.pem, cert.pem, key.pem" in done.stderr

"""RDS: the bundle of its certificate authorities, and when it is used."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tasks.cloud.rds import CERTIFICATE_AUTHORITIES, is_rds_address, region_of


def authorities():
    return x509.load_pem_x509_certificates(CERTIFICATE_AUTHORITIES.read_bytes())


def name_of(certificate):
    return certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value


def test_each_authority_is_amazons_own_root_for_rds_and_valid_for_long():
    found = authorities()
    assert len(found) == 81
    for certificate in found:
        assert re.fullmatch(
            r"Amazon RDS [a-z]+-[a-z]+-\d Root CA (RSA2048|RSA4096|ECC384) G1", name_of(certificate)
        )
        assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        # Raises where it is not signed by itself.
        certificate.verify_directly_issued_by(certificate)
        assert certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=30 * 365)


def test_no_authority_is_there_twice_and_each_region_has_its_three():
    found = authorities()
    assert len({certificate.fingerprint(hashes.SHA256()) for certificate in found}) == len(found)
    regions = [name_of(certificate).split()[2] for certificate in found]
    assert {regions.count(region) for region in regions} == {3}
    assert {"us-east-1", "us-east-2", "us-west-2", "eu-central-1"} <= set(regions)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("name.abc123.us-east-2.rds.amazonaws.com", "us-east-2"),
        ("NAME.abc123.EU-CENTRAL-1.RDS.amazonaws.com", "eu-central-1"),
        ("db.example.org", None),
        ("rds.amazonaws.com.example.org", None),
        ("localhost", None),
    ],
)
def test_the_region_is_read_from_an_address_of_rds(host, region):
    assert region_of(host) == region
    assert is_rds_address(host) is (region is not None)

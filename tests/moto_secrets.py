"""Secrets of a CloudFormation template in moto, which passes them over, so that what refers to one is there.

Also the id of RDS's parameter group, of which moto gives the group itself where its name is asked for.
"""

import json
from contextlib import contextmanager

import pytest
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.rds.models import DBParameterGroup
from moto.secretsmanager.models import secretsmanager_backends

SECRET = "AWS::SecretsManager::Secret"


class Secret(CloudFormationModel):
    """A secret that a template makes; its Ref is its ARN."""

    def __init__(self, arn):
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_type():
        """Return the type in a template."""
        return "Tests::Secret"  # not found by itself: only inside `secrets_are_made`

    @classmethod
    def has_cfn_attr(cls, _attr):
        """Say that it has no attribute."""
        return False

    @classmethod
    def create_from_cloudformation_json(cls, _name, declared, account, region, **_more):
        """Make it in moto's Secrets Manager, with a value where AWS would generate one."""
        wanted = declared["Properties"]
        told = wanted.get("GenerateSecretString")
        value = None if told is None else "g" * int(told.get("PasswordLength", 32))
        if told is not None and "GenerateStringKey" in told:
            value = json.dumps(json.loads(told["SecretStringTemplate"]) | {told["GenerateStringKey"]: value})
        made = secretsmanager_backends[account][region].create_secret(
            name=wanted["Name"],
            secret_string=value,
            secret_binary=None,
            description=wanted["Description"],
            tags=wanted["Tags"],
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        return cls(json.loads(made)["ARN"])


class Named(CloudFormationModel):
    """A resource that stays passed over, but of which others name an attribute; moto would refuse the template."""

    def __init__(self, name):
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_type():
        """Return the type in a template."""
        return "Tests::Named"

    @classmethod
    def has_cfn_attr(cls, _attr):
        """Say that it has any attribute."""
        return True

    def get_cfn_attribute(self, attribute):
        """Return a text that says whose attribute it is."""
        return f"arn:aws:servicediscovery:{self.physical_resource_id}:{attribute}"

    @classmethod
    def create_from_cloudformation_json(cls, name, _declared, _account, _region, **_more):
        """Make nothing but its name."""
        return cls(name)


MODELS = {
    SECRET: Secret,
    "AWS::ServiceDiscovery::PrivateDnsNamespace": Named,
    "AWS::ServiceDiscovery::Service": Named,
}


@contextmanager
def whole_templates():
    """Have moto make secrets, and a parameter group that is found, while the body runs."""
    known = parsing.resource_class_from_type
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "resource_class_from_type", lambda kind: MODELS.get(kind) or known(kind))
        patch.setattr(
            DBParameterGroup, "physical_resource_id", property(lambda group: group.name), raising=False
        )
        yield

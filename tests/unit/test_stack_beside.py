"""All three templates against rules of our own, and the two that stand beside the first, made in moto.

The rules look at a template with its conditions decided, for each set of parameters: no public database, TLS, least
privilege, nothing kept for ever. Why no cfn-guard: decision 0023. What moto passes over is read as it is written.
"""

import json
import warnings
from functools import cache
from pathlib import Path

import boto3
import pytest
from cfnlint.decode import decode
from moto import mock_aws

from tests.moto_secrets import MODELS, SECRET, whole_templates
from tests.unit import test_stack as first

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
LOGIN = {
    "CertificateArn": "arn:aws:acm:us-east-2:123456789012:certificate/1",
    "LoadBalancerSubnetIds": "subnet-0a1,subnet-0b2",
    "OidcIssuer": "https://login.example.org",
    "OidcAuthorizationEndpoint": "https://login.example.org/authorize",
    "OidcTokenEndpoint": "https://login.example.org/token",
    "OidcUserInfoEndpoint": "https://login.example.org/userinfo",
    "OidcClientId": "dashboard",
}
WAYS = [
    ("stack.yaml", {}),
    ("stack.yaml", first.WITH_A_SERVER | {"UseNatGateway": "false", "DatabaseSnapshot": "last"}),
    ("stack.yaml", first.EVERYTHING),
    ("prefect-server.yaml", {}),
    ("prefect-server.yaml", {"ImageTag": "v1", "AllowExec": "false"}),
    ("prefect-server.yaml", {"ImageTag": "v1"}),
    ("dashboard.yaml", {}),
    ("dashboard.yaml", {"ImageTag": "v1"}),
    ("dashboard.yaml", {"ImageTag": "v1"} | LOGIN),
]
EVERY_WAY = pytest.mark.parametrize(("file", "parameters"), WAYS, ids=[str(n) for n in range(len(WAYS))])


@cache
def template(file):
    decoded, problems = decode(str(DEPLOY / file))
    assert not problems
    return json.loads(json.dumps(decoded))


def of_kind(file, parameters, kind):
    """Return the properties of the resources of a kind that a template makes with these parameters, by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(first, "template", lambda: template(file))
        made = first.resources(**parameters)
    return {name: found for name, found in made.items() if found["Type"] == f"AWS::{kind}"}


def ingress(file, parameters):
    """Return each rule that lets something in: of a group itself, or beside it."""
    groups = of_kind(file, parameters, "EC2::SecurityGroup")
    inside = [
        rule for group in groups.values() for rule in group["Properties"].get("SecurityGroupIngress", [])
    ]
    beside = [rule["Properties"] for rule in of_kind(file, parameters, "EC2::SecurityGroupIngress").values()]
    return inside + beside


@EVERY_WAY
def test_no_database_is_public_and_nothing_but_the_login_is_open_to_addresses(file, parameters):
    for database in of_kind(file, parameters, "RDS::DBInstance").values():
        written = database["Properties"]
        assert written["PubliclyAccessible"] is False
        assert written.get("StorageEncrypted") is True or "DBSnapshotIdentifier" in written
    for rule in ingress(file, parameters):
        by_address = {"CidrIp", "CidrIpv6", "SourcePrefixListId"} & set(rule)
        assert not by_address or (rule["FromPort"], rule["ToPort"]) == (443, 443), rule
        assert by_address or "SourceSecurityGroupId" in rule
        assert rule["IpProtocol"] == "tcp"
        assert rule["FromPort"] == rule["ToPort"]


@EVERY_WAY
def test_who_speaks_to_people_or_to_the_database_speaks_tls(file, parameters):
    for group in of_kind(file, parameters, "RDS::DBParameterGroup").values():
        assert group["Properties"]["Parameters"]["rds.force_ssl"] == "1"
    for listener in of_kind(file, parameters, "ElasticLoadBalancingV2::Listener").values():
        assert listener["Properties"]["Protocol"] == "HTTPS"
        assert "TLS13" in listener["Properties"]["SslPolicy"]
        actions = [action["Type"] for action in listener["Properties"]["DefaultActions"]]
        assert actions == ["authenticate-oidc", "forward"], "nothing is shown without a login"
    for definition in of_kind(file, parameters, "ECS::TaskDefinition").values():
        for container in definition["Properties"]["ContainerDefinitions"]:
            environment = {each["Name"]: each["Value"] for each in container["Environment"]}
            if "SERVER_NAME" in environment:
                assert environment["DB_SSLMODE"] == "verify-full"
            if "PREFECT_SERVER_DATABASE_HOST" in environment:
                tls = "PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS"
                assert environment[f"{tls}_ENABLED"] == "true"
                assert environment[f"{tls}_CA_FILE"] == "/app/tasks/cloud/rds_ca.pem"


@EVERY_WAY
def test_no_role_may_more_than_it_has_to(file, parameters):
    for name, role in of_kind(file, parameters, "IAM::Role").items():
        assert "ManagedPolicyArns" not in role["Properties"], name
        for policy in role["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                asked = set(first.actions(statement))
                assert not [action for action in asked if "*" in action], name
                assert not [
                    action for action in asked if action.split(":")[0] in {"kms", "rds", "organizations"}
                ]
                if statement["Resource"] == "*":
                    assert asked == first.ANY_RESOURCE[statement["Sid"]], statement["Sid"]


@EVERY_WAY
def test_no_secret_is_in_clear_and_each_container_has_those_that_it_needs(file, parameters):
    for definition in of_kind(file, parameters, "ECS::TaskDefinition").values():
        written = definition["Properties"]
        assert written["ExecutionRoleArn"] != written["TaskRoleArn"]
        for container in written["ContainerDefinitions"]:
            for each in container["Environment"]:
                assert not {"PASSWORD", "KEY", "TOKEN", "SECRET", "AUTH"} & set(each["Name"].split("_")), (
                    each["Name"]
                )
            # The loader's password is the first container's alone, which has ended when the other begins.
            if file != "stack.yaml" and container["Name"] != "role":
                assert "${Stack}-DatabaseSecret" not in json.dumps(container)
                assert container["DependsOn"] == [{"ContainerName": "role", "Condition": "SUCCESS"}]


@EVERY_WAY
def test_what_holds_data_stays_or_leaves_a_snapshot_and_no_log_is_for_ever(file, parameters):
    for group in of_kind(file, parameters, "Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
        assert group["DeletionPolicy"] == "Delete"
    for database in of_kind(file, parameters, "RDS::DBInstance").values():
        assert database["DeletionPolicy"] == database["UpdateReplacePolicy"] == "Snapshot"
        assert database["Properties"]["BackupRetentionPeriod"] == {"Ref": "DatabaseBackupDays"}
    for bucket in of_kind(file, parameters, "S3::Bucket").values():
        assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
        assert bucket["UpdateReplacePolicy"] == "Retain"


@EVERY_WAY
def test_a_template_can_be_handed_over_as_it_is(file, parameters):
    assert len((DEPLOY / file).read_bytes()) < 51_200


def test_every_alarm_tells_somebody_and_none_on_proven_runs_stands_on_the_server():
    for file, parameters in WAYS:
        for name, alarm in of_kind(file, parameters, "CloudWatch::Alarm").items():
            assert len(alarm["Properties"]["AlarmActions"]) == 1, name
    alarm = of_kind("stack.yaml", first.WITH_A_SERVER, "CloudWatch::Alarm")["NoSuccessfulRun"]["Properties"]
    assert alarm["Namespace"] == {"Ref": "AWS::StackName"}
    filtered = of_kind("stack.yaml", first.WITH_A_SERVER, "Logs::MetricFilter")["SuccessfulRuns"][
        "Properties"
    ]
    assert filtered["LogGroupName"] == {"Ref": "RunLogs"}


def test_a_load_balancer_without_a_login_is_refused():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(first, "template", lambda: template("dashboard.yaml"))
        assert first.refusals() == first.refusals(**LOGIN) == []
        said = first.refusals(CertificateArn=LOGIN["CertificateArn"])
    assert len(said) == 6
    assert "nothing is shown without a login" in said[0]


def test_two_servers_never_migrate_one_database_side_by_side():
    (service,) = of_kind("prefect-server.yaml", {"ImageTag": "v1"}, "ECS::Service").values()
    told = service["Properties"]["DeploymentConfiguration"]
    assert (told["MinimumHealthyPercent"], told["MaximumPercent"]) == (0, 100)


def test_the_dashboard_reads_as_the_analyst_and_is_not_reached_but_by_its_load_balancer():
    found = of_kind("dashboard.yaml", {"ImageTag": "v1"} | LOGIN, "ECS::TaskDefinition")["Definition"][
        "Properties"
    ]
    role, dashboard = found["ContainerDefinitions"]
    assert role["Command"] == ["python", "-m", "tasks.commands.database_role", "chicago_analyst"]
    assert {each["ValueFrom"]["Fn::Sub"] for each in dashboard["Secrets"]} == {
        "${AnalystSecret}:username::",
        "${AnalystSecret}:password::",
    }
    assert len(ingress("dashboard.yaml", {"ImageTag": "v1"})) == 1  # the database's group, from the dashboard
    assert len(ingress("dashboard.yaml", {"ImageTag": "v1"} | LOGIN)) == 3


def test_both_are_made_beside_the_first_and_take_what_it_exports():
    """Every resource that moto knows; of a login no listener, whose actions moto takes in another form."""
    with whole_templates(), pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        client = boto3.client("cloudformation", "us-east-2")
        for stack, file, parameters in (
            ("crime", "stack.yaml", first.WITH_A_SERVER | {"UseNatGateway": "false"}),
            ("crime-prefect", "prefect-server.yaml", {"Stack": "crime", "ImageTag": "v1"}),
            ("crime-dashboard", "dashboard.yaml", {"Stack": "crime", "ImageTag": "v1"}),
        ):
            made = create(client, stack, file, parameters)
            expected = {
                name
                for kind in kinds(file)
                for name in of_kind(file, parameters, kind)
                if f"AWS::{kind}" not in first.NOT_IN_MOTO - {SECRET} or f"AWS::{kind}" in MODELS
            }
            assert made == expected, stack
        exported = {each["Name"]: each["Value"] for each in client.list_exports()["Exports"]}
        assert exported["crime-AssignPublicIp"] == "ENABLED"
        services = boto3.client("ecs", "us-east-2").list_services(cluster="crime")["serviceArns"]
        assert sorted(arn.rsplit("/", 1)[1] for arn in services) == [
            "crime-dashboard",
            "crime-prefect",
            "crime-worker",
        ]


def kinds(file):
    return {found["Type"].removeprefix("AWS::") for found in template(file)["Resources"].values()}


def create(client, stack, file, parameters):
    """Create a stack, and return the logical ids that were made."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tried to parse")
        client.create_stack(
            StackName=stack,
            TemplateBody=(DEPLOY / file).read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
    listed = client.list_stack_resources(StackName=stack)["StackResourceSummaries"]
    return {each["LogicalResourceId"] for each in listed if each["LogicalResourceId"]}

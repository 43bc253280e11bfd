"""The CloudFormation template: created in moto in this process, and its policies read for what they must not allow.

What it does not show: that AWS itself takes it. moto makes some kinds of resource not at all, which are named here.
"""

import json
import re
import warnings
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from cfnlint.decode import decode
from moto import mock_aws
from moto.rds.models import DBParameterGroup

from tasks.warehouse import ledger

PROJECT = Path(__file__).resolve().parents[2]
TEMPLATE = PROJECT / "deploy" / "stack.yaml"
ACCOUNT = "123456789012"

# What moto passes over with a warning alone.
NOT_IN_MOTO = {
    "AWS::CloudWatch::Alarm",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::Secret",
    "AWS::SecretsManager::SecretTargetAttachment",
}
WITH_A_WORKER = {"ImageTag": "v1.2.0", "PrefectApiUrl": "https://prefect.example.org/api"}
WITH_A_SERVER = {"ImageTag": "v1.2.0"}
EVERYTHING = WITH_A_WORKER | {
    "PrefectLogin": "api-key",
    "AppToken": "stored",
    "SettingsFile": "settings/run.env",
    "AlarmEmail": "operator@example.org",
    "DatabaseLogin": "iam",
    "BlocksMayReadSettings": "true",
    "AllowExec": "true",
    "GitHubRepository": "city/chicago-crime",
    "GitHubOidcProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
}


@cache
def template():
    decoded, problems = decode(str(TEMPLATE))
    assert not problems
    return json.loads(json.dumps(decoded))


def conditions(parameters):
    """Return which conditions of the template hold with these parameters."""
    values = {name: found.get("Default", "") for name, found in template()["Parameters"].items()} | parameters

    def holds(expression):
        ((function, operands),) = expression.items()
        if function == "Condition":
            return holds(template()["Conditions"][operands])
        if function == "Fn::Equals":
            first, second = (values[side["Ref"]] if isinstance(side, dict) else side for side in operands)
            return str(first) == str(second)
        return {"Fn::Not": lambda found: not found[0], "Fn::Or": any, "Fn::And": all}[function](
            [holds(each) for each in operands]
        )

    return {name: holds(expression) for name, expression in template()["Conditions"].items()}


def chosen(value, holding):
    """Return a part of the template with its conditions decided, and without what they leave out."""
    if isinstance(value, list):
        return [kept for each in value if (kept := chosen(each, holding)) is not None]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        name, yes, no = value["Fn::If"]
        return chosen(yes if holding[name] else no, holding)
    if value == {"Ref": "AWS::NoValue"}:
        return None
    return {key: kept for key, each in value.items() if (kept := chosen(each, holding)) is not None}


def resources(**parameters):
    """Return the resources that the template makes with these parameters."""
    holding = conditions(parameters)
    return {
        name: chosen(found, holding)
        for name, found in template()["Resources"].items()
        if holding.get(found.get("Condition"), True)
    }


def statements(role, **parameters):
    """Return the statements of a role's policies by their Sid."""
    policies = resources(**parameters)[role]["Properties"]["Policies"]
    return {found["Sid"]: found for policy in policies for found in policy["PolicyDocument"]["Statement"]}


def actions(statement):
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


@pytest.fixture(scope="module")
def aws():
    """Give moto in this process, with a region of its own for each stack."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.delenv("AWS_PROFILE", raising=False)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        # moto gives the group itself where the name of it is asked for, and the instance then cannot be made.
        patch.setattr(
            DBParameterGroup, "physical_resource_id", property(lambda group: group.name), raising=False
        )
        with mock_aws():
            yield


def create(region, **parameters):
    """Create the stack in moto, and return what it says of it."""
    client = boto3.client("cloudformation", region)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tried to parse")
        client.create_stack(
            StackName="chicago-crime",
            TemplateBody=TEMPLATE.read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
    (stack,) = client.describe_stacks()["Stacks"]
    made = client.list_stack_resources(StackName="chicago-crime")["StackResourceSummaries"]
    return SimpleNamespace(
        status=stack["StackStatus"],
        outputs={found["OutputKey"]: found["OutputValue"] for found in stack["Outputs"]},
        made={found["LogicalResourceId"] for found in made if found["LogicalResourceId"]},
        ask=lambda service: boto3.client(service, region),
    )


def expected(**parameters):
    """Return the logical ids that moto should make."""
    return {name for name, found in resources(**parameters).items() if found["Type"] not in NOT_IN_MOTO}


def refusals(**parameters):
    """Return what the rules of the template say against these parameters.

    CloudFormation knows Ref and the functions of rules there; cfn-lint and moto do not look. Another one fails.
    """
    values = {name: found.get("Default", "") for name, found in template()["Parameters"].items()} | parameters

    def value(given):
        return str(values[given["Ref"]]) if isinstance(given, dict) else str(given)

    def holds(expression):
        ((function, operands),) = expression.items()
        return {
            "Fn::Equals": lambda: value(operands[0]) == value(operands[1]),
            "Fn::Not": lambda: not holds(operands[0]),
            "Fn::Contains": lambda: value(operands[1]) in [value(each) for each in operands[0]],
        }[function]()

    return [
        each["AssertDescription"]
        for rule in template()["Rules"].values()
        if holds(rule["RuleCondition"])
        for each in rule["Assertions"]
        if not holds(each["Assert"])
    ]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, None),
        (EVERYTHING, None),
        ({"VpcId": "vpc-1"}, "SubnetIds must be"),
        ({"SubnetIds": "subnet-1,subnet-2"}, "VpcId must be"),
        ({"VpcId": "vpc-1", "SubnetIds": "subnet-1,subnet-2"}, None),
        ({"ImageTag": "v1"}, None),
        ({"PrefectLogin": "auth-string"}, "a server of our own has a secret that AWS makes"),
        ({"UseNatGateway": "false"}, None),
        (
            {"VpcId": "vpc-1", "SubnetIds": "subnet-1,subnet-2", "UseNatGateway": "false"},
            "UseNatGateway=false is for the network that is made",
        ),
        ({"GitHubRepository": "city/crime"}, "GitHubOidcProviderArn must be"),
        ({"TaskCpu": "512", "TaskMemoryMiB": "8192"}, "Fargate gives 2048 to 4096 MiB"),
        ({"TaskMemoryMiB": "16384"}, "Fargate gives 2048 to 8192 MiB"),
        ({"TaskCpu": "2048"}, "Fargate gives 4096 to 16384 MiB"),
        ({"TaskCpu": "2048", "TaskMemoryMiB": "8192"}, None),
        ({"TaskCpu": "4096", "TaskMemoryMiB": "4096"}, "8192 MiB or more"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused_before_anything_is_made(parameters, said):
    found = refusals(**parameters)
    assert len(found) == (said is not None), found
    assert said is None or said in found[0]


@pytest.mark.parametrize(
    ("name", "refused", "taken"),
    [
        ("SubnetIds", "subnet-1", "subnet-0a1,subnet-0b2"),
        ("SubnetIds", "subnet-1, subnet-2", ""),
        ("SettingsFile", "exports/run.env", "settings/run.env"),
        ("PrefectApiUrl", "https://prefect.example.org", "https://prefect.example.org/api"),
        ("GitHubRepository", "*", "city/crime"),
    ],
)
def test_a_parameter_of_another_form_is_refused(name, refused, taken):
    pattern = template()["Parameters"][name]["AllowedPattern"]
    assert not re.fullmatch(pattern, refused)
    assert re.fullmatch(pattern, taken)


def test_every_parameter_says_what_it_is_and_has_its_place_in_the_form():
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(template()["Parameters"])
    for name, found in template()["Parameters"].items():
        assert len(found["Description"]) > 20, name
        assert "Default" in found, name


@pytest.fixture(scope="module")
def stack(aws):
    """Give the stack with its worker, in moto."""
    return create("us-east-2", **WITH_A_WORKER)


def test_the_stack_makes_every_resource_that_moto_knows(stack):
    assert stack.status == "CREATE_COMPLETE"
    assert stack.made == expected(**WITH_A_WORKER)
    assert len(stack.made) == 41


def test_the_first_stack_has_no_image_yet_and_no_worker(aws):
    first = create("us-west-2")
    assert first.made == expected()
    assert expected(**WITH_A_WORKER) - expected() == {"WorkerDefinition", "WorkerService"}


def test_a_given_network_is_used_and_none_is_made(aws):
    ec2 = boto3.client("ec2", "eu-west-1")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")[
            "Subnet"
        ]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    # moto does not know the id that rds-db:connect names.
    parameters = EVERYTHING | {"VpcId": vpc, "SubnetIds": ",".join(subnets), "DatabaseLogin": "password"}
    given = create("eu-west-1", **parameters)
    assert given.made == expected(**parameters)
    assert given.outputs["VpcId"] == vpc
    assert given.outputs["SubnetIds"] == ",".join(subnets)
    assert not given.made & {"Vpc", "NatGateway", "PrivateSubnetA", "BucketEndpoint"}
    (group,) = given.ask("rds").describe_db_subnet_groups()["DBSubnetGroups"]
    assert {each["SubnetIdentifier"] for each in group["Subnets"]} == set(subnets)
    # Of a service moto passes over the network.
    written = resources(**parameters)["WorkerService"]["Properties"]["NetworkConfiguration"]
    assert written["AwsvpcConfiguration"]["Subnets"] == {"Fn::Split": [",", {"Ref": "SubnetIds"}]}


def test_the_tasks_have_private_subnets_with_a_way_out(stack):
    found = resources()
    ways_out = {
        each["Properties"]["RouteTableId"]["Ref"]: each["Properties"].get("NatGatewayId")
        for each in found.values()
        if each["Type"] == "AWS::EC2::Route"
    }
    tables = {
        each["Properties"]["SubnetId"]["Ref"]: each["Properties"]["RouteTableId"]["Ref"]
        for each in found.values()
        if each["Type"] == "AWS::EC2::SubnetRouteTableAssociation"
    }
    for subnet in ("PrivateSubnetA", "PrivateSubnetB"):
        assert ways_out[tables[subnet]] == {"Ref": "NatGateway"}
    assert ways_out[tables["PublicSubnet"]] is None
    (gateway,) = stack.ask("ec2").describe_nat_gateways()["NatGateways"]
    ids = stack.outputs["SubnetIds"].split(",")
    subnets = stack.ask("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
    assert gateway["SubnetId"] not in ids
    assert len({each["AvailabilityZone"] for each in subnets}) == 2
    for subnet in ("PublicSubnet", "PrivateSubnetA", "PrivateSubnetB"):
        assert found[subnet]["Properties"]["MapPublicIpOnLaunch"] is False


def test_the_database_is_private_encrypted_backed_up_and_speaks_tls_only(stack):
    rds = stack.ask("rds")
    (database,) = rds.describe_db_instances()["DBInstances"]
    group = database["DBParameterGroups"][0]["DBParameterGroupName"]
    set_by_us = rds.describe_db_parameters(DBParameterGroupName=group)["Parameters"]
    assert not database["PubliclyAccessible"]
    assert database["StorageEncrypted"]
    assert database["BackupRetentionPeriod"] == 7
    assert ("rds.force_ssl", "1") in {(one["ParameterName"], one.get("ParameterValue")) for one in set_by_us}
    assert stack.outputs["DatabasePort"] == "5432"
    # What moto passes over.
    written = resources()["Database"]
    assert written["DeletionPolicy"] == written["UpdateReplacePolicy"] == "Snapshot"
    assert written["Properties"]["DeletionProtection"] == {"Ref": "DatabaseIsProtected"}
    # A first creation that fails could not be rolled back; the guide turns it on once the stack stands.
    assert template()["Parameters"]["DatabaseIsProtected"]["Default"] == "false"
    assert written["Properties"]["EnableIAMDatabaseAuthentication"] is False
    assert resources(DatabaseLogin="iam")["Database"]["Properties"]["EnableIAMDatabaseAuthentication"] is True


def test_the_parameter_group_is_of_the_databases_version_whichever_it_is(aws, stack):
    found = resources()
    assert found["Database"]["Properties"]["EngineVersion"] == {"Ref": "DatabaseVersion"}
    assert found["DatabaseParameters"]["Properties"]["Family"] == {"Fn::Sub": "postgres${DatabaseVersion}"}
    assert found["Database"]["Properties"]["AllowMajorVersionUpgrade"] is True
    rds = stack.ask("rds")
    (database,) = rds.describe_db_instances()["DBInstances"]
    (group,) = rds.describe_db_parameter_groups(
        DBParameterGroupName=database["DBParameterGroups"][0]["DBParameterGroupName"]
    )["DBParameterGroups"]
    assert (database["EngineVersion"], group["DBParameterGroupFamily"]) == ("17", "postgres17")


def test_no_update_and_no_rotation_puts_another_database_in_the_place_of_this_one():
    """What stands in the secret changes with each rotation; a changed master user would mean a new, empty instance."""
    written = resources()["Database"]["Properties"]
    assert written["MasterUsername"] == "loader"
    from_snapshot = resources(DatabaseSnapshot="last")["Database"]["Properties"]
    assert from_snapshot["DBSnapshotIdentifier"] == {"Ref": "DatabaseSnapshot"}
    # What a snapshot brings AWS takes from nobody else.
    assert set(written) - set(from_snapshot) == {
        "DBName",
        "MasterUsername",
        "MasterUserPassword",
        "StorageEncrypted",
    }
    first = resources()["DatabaseSecret"]["Properties"]["GenerateSecretString"]["SecretStringTemplate"]
    assert json.loads(first) == {"username": "loader"}
    # A resource with a name of its own is never replaced by CloudFormation.
    assert written["DBInstanceIdentifier"] == {"Ref": "AWS::StackName"}


def test_only_the_tasks_reach_the_database_and_nothing_reaches_the_tasks():
    found = resources()
    into = [each for each in found.values() if each["Type"] == "AWS::EC2::SecurityGroupIngress"]
    assert [each["Properties"]["SourceSecurityGroupId"] for each in into] == [
        {"Fn::GetAtt": ["TaskSecurityGroup", "GroupId"]}
    ]
    for group in ("TaskSecurityGroup", "DatabaseSecurityGroup"):
        assert "SecurityGroupIngress" not in found[group]["Properties"]
    assert {each["ToPort"] for each in found["TaskSecurityGroup"]["Properties"]["SecurityGroupEgress"]} == {
        443
    }


def test_the_bucket_is_private_versioned_encrypted_and_stays(stack):
    s3, bucket = stack.ask("s3"), stack.outputs["Bucket"]
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    # What moto passes over.
    written = resources()["Bucket"]
    assert written["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(written["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(written["Properties"]["PublicAccessBlockConfiguration"]) == 4
    assert written["DeletionPolicy"] == "RetainExceptOnCreate"
    (tls,) = resources()["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_images_are_scanned_never_overwritten_and_none_with_a_tag_goes_by_count():
    for repository in ("Repository", "DashboardRepository"):
        written = resources()[repository]["Properties"]
        assert written["ImageScanningConfiguration"] == {"ScanOnPush": True}
        assert written["ImageTagMutability"] == "IMMUTABLE"
        policy = json.loads(written["LifecyclePolicy"]["LifecyclePolicyText"])
        assert [rule["selection"]["tagStatus"] for rule in policy["rules"]] == ["untagged"]


def test_logs_are_not_kept_for_ever(stack):
    # RDS would make its group itself, and keep it for ever, if it came first.
    assert resources()["Database"]["DependsOn"] == "DatabaseLogs"
    groups = stack.ask("logs").describe_log_groups()["logGroups"]
    assert {group["logGroupName"]: group["retentionInDays"] for group in groups} == {
        "/aws/rds/instance/chicago-crime/postgresql": 30,
        "/chicago-crime/runs": 30,
        "/chicago-crime/worker": 30,
    }


def test_everything_that_takes_tags_is_tagged():
    takes_none = {
        "AWS::CloudFormation",
        "AWS::EC2::Route",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::Logs::MetricFilter",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::SecretsManager::SecretTargetAttachment",
    }
    for name, found in template()["Resources"].items():
        if found["Type"] not in takes_none:
            assert {"Key": "Project", "Value": "chicago-crime"} in found["Properties"]["Tags"], name


ROLES = ("RunExecutionRole", "RunRole", "WorkerExecutionRole", "WorkerRole", "DeployRole")
# These actions take no resource, or none that is known beforehand; each is the whole of its statement.
ANY_RESOURCE = {
    "LogInToTheRegistry": {"ecr:GetAuthorizationToken"},
    "ReadDefinitions": {"ecs:DescribeTaskDefinition"},
    "CheckTheNetwork": {"ec2:DescribeVpcs", "ec2:DescribeSubnets"},
    "LetAnOperatorIn": {
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    },
}


@pytest.mark.parametrize("role", ROLES)
def test_no_role_has_a_wildcard_where_a_name_is_known(role):
    for sid, statement in statements(role, **EVERYTHING).items():
        assert not [action for action in actions(statement) if "*" in action], sid
        if statement["Resource"] == "*":
            assert set(actions(statement)) == ANY_RESOURCE[sid], sid


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_change_roles_or_what_it_stands_on(role):
    forbidden = [
        "iam:[!P]*",
        "iam:Put*",
        "sts:*",
        "kms:*",
        "s3:*Policy*",
        "s3:DeleteBucket*",
        "s3:*PublicAccess*",
        "secretsmanager:[!GD]*",
        "secretsmanager:Delete*",
        "secretsmanager:GetRandom*",
        "rds:*",
        "ec2:[!D]*",
        "ecr:Delete*",
        "ecr:Set*",
        "logs:Delete*",
        "logs:Put[!L]*",
        "cloudformation:[!D]*",
        "cloudformation:Delete*",
        "ecs:Delete*",
        "ecs:*Service*",
        "ecs:ExecuteCommand",
    ]
    allowed = [action for each in statements(role, **EVERYTHING).values() for action in actions(each)]
    assert not [
        (action, pattern) for action in allowed for pattern in forbidden if fnmatchcase(action, pattern)
    ]


def test_a_run_reads_no_secret_and_no_setting_by_itself_unless_asked_to():
    assert set(statements("RunRole")) == {"WriteExports", "ListExports"}
    assert statements("RunRole")["WriteExports"]["Resource"] == {"Fn::Sub": "${Bucket.Arn}/exports/*"}
    assert set(statements("RunRole", BlocksMayReadSettings="true")) == {
        "WriteExports",
        "ListExports",
        "ReadSettings",
        "ReadSecrets",
    }


def test_ecs_hands_over_only_the_secrets_that_are_in_use():
    def handed(role, **parameters):
        return [
            found["Resource"]["Ref"]
            for found in statements(role, **parameters).values()
            if actions(found) == ["secretsmanager:GetSecretValue"]
        ]

    elsewhere = {"PrefectApiUrl": WITH_A_WORKER["PrefectApiUrl"]}
    assert handed("RunExecutionRole", **elsewhere) == ["DatabaseSecret"]
    assert handed("RunExecutionRole") == ["DatabaseSecret", "PrefectServerSecret"]
    assert handed("RunExecutionRole", **EVERYTHING) == ["AppTokenSecret", "PrefectSecret"]
    assert handed("WorkerExecutionRole", **elsewhere) == []
    assert handed("WorkerExecutionRole", **elsewhere, PrefectLogin="auth-string") == ["PrefectSecret"]
    assert handed("WorkerExecutionRole") == ["PrefectServerSecret"]


def test_the_worker_starts_runs_of_one_family_on_one_cluster_as_two_roles():
    found = statements("WorkerRole")
    for named in ("StartRuns", "DefineRuns"):
        assert found[named]["Resource"]["Fn::Sub"].endswith(":task-definition/${AWS::StackName}-run:*")
    assert found["StartRuns"]["Condition"] == {
        "ArnEquals": {"ecs:cluster": {"Fn::GetAtt": ["Cluster", "Arn"]}}
    }
    assert found["PassTheRoles"]["Resource"] == [
        {"Fn::GetAtt": ["RunRole", "Arn"]},
        {"Fn::GetAtt": ["RunExecutionRole", "Arn"]},
    ]
    assert found["PassTheRoles"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    }
    assert "LetAnOperatorIn" not in found


def test_roles_are_taken_on_by_tasks_of_this_account_alone_and_github_by_a_version_tag():
    found = resources(**EVERYTHING)
    for role in ROLES[:-1]:
        (trust,) = found[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    (trust,) = found["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {
        "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
        "StringLike": {
            "token.actions.githubusercontent.com:sub": {
                "Fn::Sub": "repo:${GitHubRepository}:ref:refs/tags/v*"
            }
        },
    }
    assert "DeployRole" not in resources(**WITH_A_WORKER)


def test_the_worker_runs_the_image_of_the_stack_and_hears_of_runs_that_ended(stack):
    ecs = stack.ask("ecs")
    (service,) = ecs.describe_services(cluster="chicago-crime", services=["chicago-crime-worker"])["services"]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    (container,) = definition["containerDefinitions"]
    (target,) = stack.ask("events").list_targets_by_rule(Rule="chicago-crime-runs")["Targets"]
    assert container["image"] == stack.outputs["RepositoryUri"] + ":v1.2.0"
    command = " ".join(container["command"])
    assert command.startswith("prefect worker start --type ecs --pool chicago-crime-ecs")
    environment = {each["name"]: each["value"] for each in container["environment"]}
    assert environment["PREFECT_API_URL"] == WITH_A_WORKER["PrefectApiUrl"]
    assert environment["AWS_DEFAULT_REGION"] == stack.outputs["Region"]
    # What moto passes over.
    written = resources(**WITH_A_WORKER)["WorkerService"]["Properties"]["NetworkConfiguration"]
    assert written["AwsvpcConfiguration"] == {
        "AssignPublicIp": "DISABLED",
        "Subnets": [{"Ref": "PrivateSubnetA"}, {"Ref": "PrivateSubnetB"}],
        "SecurityGroups": [{"Fn::GetAtt": ["TaskSecurityGroup", "GroupId"]}],
    }
    queue = environment["PREFECT_INTEGRATIONS_AWS_ECS_OBSERVER_SQS_QUEUE_NAME"]
    assert target["Arn"].endswith(f":{queue}")


def test_no_secret_is_written_in_the_template_or_asked_for_as_a_parameter():
    assert not [name for name in template()["Parameters"] if re.search("password|key$|secret$", name.lower())]
    for name in ("AppTokenSecret", "PrefectSecret"):
        assert not {"SecretString", "GenerateSecretString"} & set(resources()[name]["Properties"])
    assert (
        "{{resolve:secretsmanager:" in resources()["Database"]["Properties"]["MasterUserPassword"]["Fn::Sub"]
    )


def matches(pattern, line):
    """Say whether CloudWatch's filter of quoted terms counts a line: each of them is in it."""
    terms = re.findall(r'"([^"]+)"', pattern)
    assert terms
    assert not re.sub(r'"[^"]+"|\s', "", pattern), f"this test knows quoted terms alone: {pattern}"
    return all(term in line for term in terms)


@pytest.mark.parametrize(
    ("status", "closed", "counts"),
    [
        ("done", ledger.ClosedRun("incremental", True, "census", 17.7), True),
        ("done", ledger.ClosedRun("unmoved", True, "unmoved", 2.0), True),
        ("done", ledger.ClosedRun("range", False, "census", 3.0), False),
        ("done", ledger.ClosedRun(None, False, None, 1.0), False),
        ("failed", ledger.ClosedRun("backfill", True, None, 3.0), False),
        ("unequal", ledger.ClosedRun("incremental", True, None, 3.0), False),
        ("stopped", ledger.ClosedRun("backfill", True, None, 3.0), False),
        ("skipped", None, False),
    ],
)
def test_the_alarm_counts_whole_runs_that_are_done_and_no_skipped_one(status, closed, counts):
    found = resources()
    pattern = found["SuccessfulRuns"]["Properties"]["FilterPattern"]
    assert matches(pattern, ledger.closing_line(status, closed, None)) is counts


def test_the_alarm_rings_after_26_hours_without_such_a_run_also_when_there_is_no_log_at_all():
    found = resources()
    alarm = found["NoSuccessfulRun"]["Properties"]
    (counted,) = found["SuccessfulRuns"]["Properties"]["MetricTransformations"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (counted["MetricNamespace"], counted["MetricName"])
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 26 * 3600
    assert alarm["DatapointsToAlarm"] == alarm["EvaluationPeriods"]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"
    storage = found["DatabaseStorageIsLow"]["Properties"]
    assert storage["MetricName"] == "FreeStorageSpace"
    # A database that is stopped sends nothing, and has no less storage for that.
    assert storage["TreatMissingData"] == "missing"
    # RDS adds storage by itself below a tenth: an alarm above that would ring before each time.
    defaults = {name: parameter["Default"] for name, parameter in template()["Parameters"].items()}
    assert defaults["FreeStorageAlarmBytes"] < defaults["DatabaseStorageGiB"] * 2**30 / 10
    for name in ("NoSuccessfulRun", "DatabaseStorageIsLow", "RunEventsAreDead"):
        assert found[name]["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}]


def test_the_template_is_small_enough_to_be_handed_to_aws_as_it_is():
    assert len(TEMPLATE.read_bytes()) < 51_200

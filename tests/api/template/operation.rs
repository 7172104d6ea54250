//! The queue, the alarms, and the resources that remain when the stack is deleted.

use serde_json::{Value, json};

use super::{PUSH_EVENT, functions, resources_of, template};

/// A resource with its own name, or one that exists once in an account, would block the deployment after a failed one.
const NAMED: [&str; 2] = ["AWS::Logs::LogGroup", "AWS::ApiGateway::Account"];

#[test]
fn a_message_is_hidden_for_six_times_the_timeout_and_ends_as_a_dead_letter() {
    let template = template();
    let functions = functions(&template);
    let of_queue = functions
        .iter()
        .find(|function| function.name == PUSH_EVENT);
    let of_queue = &of_queue.expect("the function behind the queue").properties;
    let queue = &template["Resources"]["PushQueue"]["Properties"];

    let hidden = queue["VisibilityTimeout"].as_u64().expect("seconds");
    assert!(hidden >= 6 * of_queue["Timeout"].as_u64().expect("seconds"));
    let redrive = json!({"deadLetterTargetArn": "DeadLetterQueue.Arn", "maxReceiveCount": 5});
    assert_eq!(queue["RedrivePolicy"], redrive);
    let source = &of_queue["Events"]["Queue"]["Properties"];
    assert_eq!(source["Queue"], "PushQueue.Arn");
    assert_eq!(
        source["FunctionResponseTypes"],
        json!(["ReportBatchItemFailures"])
    );
}

#[test]
fn only_completed_builds_of_koji_become_messages() {
    let rule = &template()["Resources"]["KojiRule"]["Properties"]["EventPattern"];

    let wanted = json!({
        "source": ["omps.koji"],
        "detail-type": ["buildsys.build.state.change"],
        "detail": {"attribute": ["state"], "new": [1]},
    });
    assert_eq!(*rule, wanted);
}

#[test]
fn resources_with_data_remain_when_the_stack_is_deleted() {
    let template = template();
    for (resource, policy) in [
        ("LedgerTable", "Retain"),
        ("UploadBucket", "RetainExceptOnCreate"),
        ("DeadLetterQueue", "RetainExceptOnCreate"),
    ] {
        let found = &template["Resources"][resource];
        assert_eq!(found["DeletionPolicy"], policy, "{resource}");
        assert_eq!(found["UpdateReplacePolicy"], "Retain", "{resource}");
    }
    let table = &template["Resources"]["LedgerTable"]["Properties"];
    assert_eq!(table["DeletionProtectionEnabled"], true);
}

#[test]
fn a_deployment_that_failed_at_first_does_not_block_the_next_by_its_names() {
    let template = template();
    for kind in NAMED {
        let resources = resources_of(&template, kind);
        assert!(!resources.is_empty(), "{kind}");
        for (name, resource) in resources {
            assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate", "{name}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{name}");
        }
    }
    for (name, resource) in template["Resources"].as_object().expect("resources") {
        let protected = resource["Properties"]["DeletionProtectionEnabled"] == true;
        let kept = resource["DeletionPolicy"] == "Retain";
        // A roll-back cannot delete a protected resource.
        assert_eq!(protected, kept, "{name}");
    }
}

#[test]
fn only_faults_of_omps_roll_a_deployment_back() {
    let template = template();

    let preference = &template["Globals"]["Function"]["DeploymentPreference"];
    let wanted = json!([
        "HasAlarms",
        ["FaultsAlarm", "ErrorsAlarm"],
        ["AWS::NoValue"]
    ]);
    assert_eq!(preference["Alarms"], wanted);
    let faults = &template["Resources"]["FaultsAlarm"]["Properties"];
    for (key, wanted) in [
        ("Namespace", json!("omps")),
        ("MetricName", json!("Failures")),
        (
            "Dimensions",
            json!([
                {"Name": "stack", "Value": "AWS::StackName"},
                {"Name": "error", "Value": "InternalServerError"}
            ]),
        ),
        ("Statistic", json!("Sum")),
        ("ComparisonOperator", json!("GreaterThanThreshold")),
        ("Threshold", json!(0)),
        ("TreatMissingData", json!("notBreaching")),
    ] {
        assert_eq!(faults[key], wanted, "{key}");
    }
}

#[test]
fn every_function_has_an_alarm_for_crashes() {
    let template = template();
    let metrics = &template["Resources"]["ErrorsAlarm"]["Properties"]["Metrics"];
    let metrics = metrics.as_array().expect("metrics");
    let watched = |resource: &str| {
        metrics.iter().any(|metric| {
            let metric = &metric["MetricStat"]["Metric"];
            metric["MetricName"] == "Errors"
                && metric["Dimensions"][0]["Value"] == format!("{resource}Function")
        })
    };

    for function in functions(&template) {
        assert!(watched(&function.resource), "{}", function.name);
    }
}

#[test]
fn every_alarm_reaches_the_topic() {
    let template = template();
    let alarms = resources_of(&template, "AWS::CloudWatch::Alarm");
    let wanted: Value = json!(["HasAlarmTopic", ["AlarmTopicArn"], "AWS::NoValue"]);

    assert!(!alarms.is_empty());
    for (name, alarm) in alarms {
        assert_eq!(alarm["Properties"]["AlarmActions"], wanted, "{name}");
    }
}

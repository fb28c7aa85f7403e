using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Subresources;

/// <summary>
/// The two parts of a certificate request's status: whether it is approved or denied, which is decided once, and the certificate.
/// </summary>
internal static class CertificateParts
{
    private const string Field = "status.conditions";

    private static readonly string[] _decisions = ["Approved", "Denied"];

    /// <summary>The conditions.</summary>
    public static UpdatePart Approval { get; } = new("approval", TakeConditions) { Check = CheckApproval };

    /// <summary>All of the status; a decision that it leaves out stays.</summary>
    public static UpdatePart Status { get; } = new("status", TakeStatus) { Check = CheckStatus };

    private static void TakeConditions(JsonObject result, JsonObject wanted) =>
        result.Ensure("status").CopyFrom(wanted.Part("status"), "conditions");

    private static void TakeStatus(JsonObject result, JsonObject wanted)
    {
        var decided = _decisions.Select(type => Conditions.Find(result.Part("status"), type)?.DeepClone()).OfType<JsonObject>().ToArray();
        result.CopyFrom(wanted, "status");
        if (decided.Length == 0)
        {
            return;
        }

        var status = result.Ensure("status");
        if (status["conditions"] is not JsonArray list)
        {
            list = [];
            status["conditions"] = list;
        }

        foreach (var condition in decided)
        {
            if (Conditions.Find(status, condition.Text("type")) is null)
            {
                list.Add(condition);
            }
        }
    }

    private static void CheckApproval(JsonObject value, JsonObject stored, List<FieldError> errors)
    {
        CheckKept(value, stored, [.. _decisions, "Failed"], errors);
        var status = value.Part("status");
        var decisions = _decisions.Count(type => Conditions.Find(status, type) is not null);
        var i = 0;
        foreach (var condition in status.Items("conditions").OfType<JsonObject>())
        {
            var path = $"{Field}[{i++}]";
            var type = condition.Text("type");
            if (type.Length == 0)
            {
                errors.Add(FieldError.Required($"{path}.type"));
            }

            if (decisions > 1 && type == "Denied")
            {
                errors.Add(FieldError.Invalid($"{path}.type", type, "Approved and Denied conditions are mutually exclusive"));
            }

            CheckValue(condition, path, errors);
        }
    }

    /// <summary>A decision, or a failure, is never anything but true.</summary>
    private static void CheckValue(JsonObject condition, string path, List<FieldError> errors)
    {
        var value = condition.Text("status");
        if (value.Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.status"));
        }
        else if (condition.Text("type") is "Approved" or "Denied" or "Failed" && value != "True")
        {
            errors.Add(FieldError.NotSupported($"{path}.status", value, ["True"]));
        }
    }

    private static void CheckStatus(JsonObject value, JsonObject stored, List<FieldError> errors)
    {
        CheckKept(value, stored, ["Failed"], errors);
        foreach (var type in _decisions)
        {
            if (Conditions.Find(stored.Part("status"), type) is null && Conditions.Find(value.Part("status"), type) is not null)
            {
                errors.Add(FieldError.Forbidden(Field, $"updates may not add a condition of type \"{type}\""));
            }
        }

        if (stored.Part("status").Text("certificate") is { Length: > 0 } issued && value.Part("status").Text("certificate") != issued)
        {
            errors.Add(FieldError.Forbidden("status.certificate", "updates may not set certificate content to a different value"));
        }
    }

    private static void CheckKept(JsonObject value, JsonObject stored, string[] types, List<FieldError> errors)
    {
        foreach (var type in types)
        {
            if (Conditions.Find(stored.Part("status"), type) is not null && Conditions.Find(value.Part("status"), type) is null)
            {
                errors.Add(FieldError.Forbidden(Field, $"updates may not remove a condition of type \"{type}\""));
            }
        }
    }
}

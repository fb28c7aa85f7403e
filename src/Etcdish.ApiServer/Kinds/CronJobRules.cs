using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>CronJobs.</summary>
internal static class CronJobRules
{
    /// <summary>A job's name is the schedule's with eleven characters behind it, and is a label of its pods.</summary>
    private const int MaxName = 52;

    private static readonly string[] _concurrency = ["Allow", "Forbid", "Replace"];

    public static void ApplyDefaults(JsonObject schedule)
    {
        var spec = schedule.Ensure("spec");
        spec.DefaultIfZero("concurrencyPolicy", "Allow");
        spec.Default("suspend", false);
        spec.Default("successfulJobsHistoryLimit", 3);
        spec.Default("failedJobsHistoryLimit", 1);
        if (spec.Part("jobTemplate").Part("spec") is { } job)
        {
            JobRules.DefaultPolicy(job);
            PodDefaults.ApplyTemplate(job.Part("template"));
        }
    }

    public static void Check(CheckedField schedule, CheckedField stored)
    {
        var name = schedule["metadata"]["name"];
        if (!stored.IsSet && name.Text.Length > MaxName)
        {
            name.Invalid($"must be no more than {MaxName} characters", name.Text);
        }

        var spec = schedule["spec"];
        CheckSchedule(spec["schedule"], spec["timeZone"].IsSet);
        if (spec["timeZone"].IsSet)
        {
            CheckTimeZone(spec["timeZone"]);
        }

        foreach (var field in (ReadOnlySpan<string>)["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"])
        {
            spec[field].NonNegative();
        }

        spec["concurrencyPolicy"].RequireOneOf(_concurrency);
        CheckTemplate(spec["jobTemplate"]);
    }

    private static void CheckSchedule(CheckedField schedule, bool hasTimeZone)
    {
        if (!schedule.RequireText())
        {
            return;
        }

        var text = schedule.Text;
        if (text.Contains("TZ", StringComparison.Ordinal))
        {
            schedule.Invalid(hasTimeZone
                ? "cannot use both timeZone field and TZ or CRON_TZ in schedule"
                : "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
        else if (!CronSchedule.TryParse(text, out _, out var problem))
        {
            schedule.Invalid(problem);
        }
    }

    private static void CheckTimeZone(CheckedField zone)
    {
        if (zone.Text.Length == 0)
        {
            zone.Invalid("timeZone must be nil or non-empty string", "");
        }
        else if (zone.Text.Equals("Local", StringComparison.OrdinalIgnoreCase))
        {
            zone.Invalid("timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
        }
        else if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone.Text, out _))
        {
            zone.Invalid($"unknown time zone {zone.Text}");
        }
    }

    private static void CheckTemplate(CheckedField template)
    {
        template.Child("labels", template["metadata"]["labels"].Value).Labels();
        var spec = template["spec"];
        JobRules.CheckSpec(spec);
        if (spec["selector"].IsSet)
        {
            spec["selector"].Invalid("`selector` will be auto-generated");
        }

        if (spec["manualSelector"].IsTrue)
        {
            spec["manualSelector"].Add("FieldValueNotSupported", "Unsupported value: true: supported values: \"nil\", \"false\"");
        }
    }
}

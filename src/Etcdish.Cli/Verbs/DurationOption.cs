using System.CommandLine;
using System.CommandLine.Parsing;
using Etcdish.Kubernetes;

namespace Etcdish.Cli.Verbs;

/// <summary>Options that are durations, written as Go does: <c>1m30s</c>.</summary>
internal static class DurationOption
{
    public static Option<TimeSpan> Make(string name, string description, TimeSpan value) => new(name)
    {
        Description = description,
        CustomParser = Parse,
        DefaultValueFactory = _ => value,
    };

    private static TimeSpan Parse(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (DurationText.TryParse(text, out var nanoseconds) && nanoseconds >= 0)
        {
            return TimeSpan.FromMicroseconds(nanoseconds / 1000);
        }

        result.AddError($"\"{text}\" is no duration such as 500ms or 1m30s");
        return default;
    }
}

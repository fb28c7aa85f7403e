using System.Globalization;
using Etcdish.Kubelet.Logs;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Server;

/// <summary>Reads what a request for a log wants.</summary>
internal static class LogParameters
{
    private const string Undecodable = """{"message": "Unable to decode query."}""";
    private const string Invalid = """{"message": "Invalid request."}""";

    /// <summary>Reads the query of a request.</summary>
    /// <param name="query">The query.</param>
    /// <param name="now">From when seconds count back.</param>
    /// <exception cref="RefusedException">It makes no sense.</exception>
    public static LogQuery Read(IQueryCollection query, DateTimeOffset now)
    {
        var tail = ReadTail(query);
        var seconds = ReadNumber(query, "sinceSeconds");
        var time = ReadTime(query);
        var limit = ReadNumber(query, "limitBytes");
        var streams = ReadStreams(query);
        if (tail < 0 || seconds < 1 || limit < 1 || (seconds is not null && time is not null)
            || (streams != LogStreams.All && tail is not null))
        {
            throw new RefusedException(422, Invalid);
        }

        return new LogQuery
        {
            Follow = ReadFlag(query, "follow"),
            Previous = ReadFlag(query, "previous"),
            Timestamps = ReadFlag(query, "timestamps"),
            Since = seconds is null ? time : Before(now, seconds.Value),
            TailLines = tail,
            LimitBytes = limit,
            Streams = streams,
        };
    }

    private static DateTimeOffset Before(DateTimeOffset now, long seconds) =>
        seconds < now.ToUnixTimeSeconds() ? now.AddSeconds(-seconds) : DateTimeOffset.UnixEpoch;

    // An older name of the parameter, by which "all" is none.
    private static long? ReadTail(IQueryCollection query) => Text(query, "tail") switch
    {
        "" => ReadNumber(query, "tailLines"),
        "all" => null,
        _ => ReadNumber(query, "tail"),
    };

    private static bool ReadFlag(IQueryCollection query, string name) =>
        query.TryGetValue(name, out var values) && !(values[0] is "0" || "false".Equals(values[0], StringComparison.OrdinalIgnoreCase));

    private static long? ReadNumber(IQueryCollection query, string name)
    {
        var text = Text(query, name);
        return text.Length == 0 ? null
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
            : throw new RefusedException(400, Undecodable);
    }

    private static DateTimeOffset? ReadTime(IQueryCollection query)
    {
        var text = Text(query, "sinceTime");
        return text.Length == 0 ? null : TimeText.TryParse(text, out var time) ? time : throw new RefusedException(400, Undecodable);
    }

    private static LogStreams ReadStreams(IQueryCollection query) => Text(query, "stream") switch
    {
        "" or "All" => LogStreams.All,
        "Stdout" => LogStreams.Stdout,
        "Stderr" => LogStreams.Stderr,
        _ => throw new RefusedException(422, Invalid),
    };

    private static string Text(IQueryCollection query, string name) => query.TryGetValue(name, out var values) ? values[0] ?? "" : "";
}

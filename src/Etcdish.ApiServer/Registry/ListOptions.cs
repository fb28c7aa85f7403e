using Etcdish.ApiServer.Http;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Registry;

/// <summary>Parameters of lists and watches, checked against each other.</summary>
internal sealed record ListOptions
{
    public Selection Selection { get; init; } = Selection.Everything;

    /// <summary>Most objects of a page; 0 for all.</summary>
    public int Limit { get; init; }

    public ContinueToken? Continue { get; init; }

    /// <summary>The revision asked for; null if the newest is wanted, 0 if any will do.</summary>
    public long? Revision { get; init; }

    /// <summary>Whether exactly that revision is wanted.</summary>
    public bool IsExact { get; init; }

    public bool IsWatch { get; init; }

    public bool AllowBookmarks { get; init; }

    public bool SendInitialEvents { get; init; }

    public TimeSpan? Timeout { get; init; }

    /// <exception cref="ApiException">A parameter is wrong.</exception>
    public static ListOptions Read(IQueryCollection query, ResourceInfo resource)
    {
        var match = QueryValues.Text(query, "resourceVersionMatch");
        var text = QueryValues.Text(query, "continue");
        var limit = QueryValues.Number(query, "limit") ?? 0;
        var seconds = QueryValues.Number(query, "timeoutSeconds");
        var revision = ReadRevision(query);
        var isWatch = QueryValues.Flag(query, "watch");
        var sendInitialEvents = QueryValues.OptionalFlag(query, "sendInitialEvents");
        Check(match, text, revision, isWatch, sendInitialEvents);
        return new ListOptions
        {
            Selection = Selection.Read(query, resource),
            Limit = (int)Math.Min(limit, int.MaxValue),
            Continue = text.Length > 0 && !isWatch ? ContinueToken.Parse(text) : null,
            Revision = revision,
            IsExact = match == "Exact" || (match.Length == 0 && limit > 0 && revision > 0),
            IsWatch = isWatch,
            AllowBookmarks = QueryValues.Flag(query, "allowWatchBookmarks"),
            SendInitialEvents = sendInitialEvents ?? false,
            Timeout = seconds > 0 ? TimeSpan.FromSeconds(Math.Min(seconds.Value, 86_400)) : null,
        };
    }

    /// <summary>The parameter resourceVersion; null if it is absent.</summary>
    /// <exception cref="ApiException">It is no revision.</exception>
    public static long? ReadRevision(IQueryCollection query)
    {
        var text = QueryValues.Text(query, "resourceVersion");
        if (text.Length == 0)
        {
            return null;
        }

        return long.TryParse(text, System.Globalization.NumberStyles.None, null, out var revision)
            ? revision
            : throw ApiErrors.BadRequest($"invalid resource version \"{text}\": it is no decimal number");
    }

    private static void Check(string match, string token, long? revision, bool isWatch, bool? sendInitialEvents)
    {
        const string Match = "resourceVersionMatch";
        var error = (isWatch, match) switch
        {
            (false, _) when sendInitialEvents is not null =>
                FieldError.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"),
            (true, not "NotOlderThan") when sendInitialEvents is not null => FieldError.Forbidden(
                Match, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
            (true, not "") when sendInitialEvents is null =>
                FieldError.Forbidden(Match, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
            (false, not "") when revision is null =>
                FieldError.Forbidden(Match, "resourceVersionMatch is forbidden unless resourceVersion is provided"),
            (false, not "") when token.Length > 0 =>
                FieldError.Forbidden(Match, "resourceVersionMatch is forbidden when continue is provided"),
            (_, not ("" or "Exact" or "NotOlderThan")) => FieldError.NotSupported(Match, match, ["Exact", "NotOlderThan", ""]),
            (_, "Exact") when revision == 0 =>
                FieldError.Forbidden(Match, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""),
            _ => (FieldError?)null,
        };
        if (error is { } found)
        {
            throw ApiErrors.InvalidListOptions(found);
        }

        if (token.Length > 0 && revision > 0 && !isWatch)
        {
            throw ApiErrors.BadRequest("specifying resource version is not allowed when using continue");
        }
    }
}

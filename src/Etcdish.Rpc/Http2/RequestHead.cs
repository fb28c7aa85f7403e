using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// A request's headers, checked by the rules of RFC 9113, section 8: pseudo headers first, each once, all that are needed; names in lower
/// case; nothing that speaks of a connection. Whatever breaks them makes the request malformed, which costs the stream.
/// </summary>
internal readonly record struct RequestHead
{
    private const string GrpcContentType = "application/grpc";

    public required string Method { get; init; }

    public required string Scheme { get; init; }

    public required string Path { get; init; }

    /// <summary>The body's length as it was announced, null when it was not.</summary>
    public required long? ContentLength { get; init; }

    /// <summary>Whether the content type is gRPC's, of whatever codec.</summary>
    public required bool IsGrpc { get; init; }

    /// <summary>Checks the headers and takes out what the engine itself needs; false when they are malformed.</summary>
    public static bool TryParse(List<HeaderField> fields, out RequestHead head)
    {
        head = default;
        string? method = null;
        string? scheme = null;
        string? path = null;
        bool hasAuthority = false;
        long? contentLength = null;
        bool isGrpc = false;
        bool isPastPseudo = false;
        foreach (HeaderField field in fields)
        {
            if (!field.IsNameValid || !field.IsValueValid || (isPastPseudo && KnownHeaders.IsPseudo(field.Known)))
            {
                return false;
            }

            isPastPseudo = !KnownHeaders.IsPseudo(field.Known);
            bool isFine = field.Known switch
            {
                KnownHeader.None => true,
                KnownHeader.Method => TrySet(ref method, field.Value),
                KnownHeader.Scheme => TrySet(ref scheme, field.Value),
                KnownHeader.Path => TrySet(ref path, field.Value),
                KnownHeader.Authority => !hasAuthority && (hasAuthority = true),
                KnownHeader.Status => false,
                KnownHeader.ContentType => SetGrpc(ref isGrpc, field.Value),
                KnownHeader.ContentLength => TrySetLength(ref contentLength, field.Value),
                KnownHeader.Te => field.Value.Equals("trailers", StringComparison.OrdinalIgnoreCase),
                _ => !IsOfConnection(field.Known),
            };
            if (!isFine)
            {
                return false;
            }
        }

        if (method is null || scheme is null || !IsPath(path, method))
        {
            return false;
        }

        head = new RequestHead { Method = method, Scheme = scheme, Path = path!, ContentLength = contentLength, IsGrpc = isGrpc };
        return true;
    }

    /// <summary>Whether trailers of a request are in order: ordinary headers only.</summary>
    public static bool AreTrailersValid(List<HeaderField> fields)
    {
        foreach (HeaderField field in fields)
        {
            if (!field.IsNameValid || !field.IsValueValid || KnownHeaders.IsPseudo(field.Known) || IsOfConnection(field.Known))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The headers without the pseudo headers; the authority becomes the host if none was given.</summary>
    public static IHeaderDictionary ToDictionary(List<HeaderField> fields)
    {
        IHeaderDictionary headers = new HeaderDictionary(fields.Count);
        string? authority = null;
        foreach (HeaderField field in fields)
        {
            if (field.Known == KnownHeader.Authority)
            {
                authority = field.Value;
            }
            else if (!KnownHeaders.IsPseudo(field.Known))
            {
                headers.TryGetValue(field.Name, out StringValues before);
                headers[field.Name] = field.Known == KnownHeader.Cookie && before.Count > 0
                    ? $"{before}; {field.Value}"
                    : StringValues.Concat(before, field.Value);
            }
        }

        if (authority is not null && headers.Host.Count == 0)
        {
            headers.Host = authority;
        }

        return headers;
    }

    private static bool TrySet(ref string? field, string value)
    {
        bool isFirst = field is null;
        field = value;
        return isFirst && value.Length > 0;
    }

    private static bool SetGrpc(ref bool isGrpc, string contentType)
    {
        isGrpc = contentType.StartsWith(GrpcContentType, StringComparison.OrdinalIgnoreCase)
            && (contentType.Length == GrpcContentType.Length || contentType[GrpcContentType.Length] is '+' or ';');
        return true;
    }

    private static bool TrySetLength(ref long? length, string text)
    {
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            || (length is { } before && before != value))
        {
            return false;
        }

        length = value;
        return true;
    }

    private static bool IsPath(string? path, string method) =>
        path is not null && (path[0] == '/' || (path == "*" && method == "OPTIONS"));

    private static bool IsOfConnection(KnownHeader header) => header is >= KnownHeader.Connection and <= KnownHeader.Upgrade;
}

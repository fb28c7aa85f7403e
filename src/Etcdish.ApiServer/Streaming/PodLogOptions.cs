using System.Globalization;
using System.Text;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Streaming;

/// <summary>Which part of a container's log is wanted, and how.</summary>
internal static class PodLogOptions
{
    private static readonly string[] _flags = ["follow", "previous", "timestamps"];

    // The least that each may be.
    private static readonly (string Name, long Least)[] _numbers = [("sinceSeconds", 1), ("tailLines", 0), ("limitBytes", 1)];

    /// <summary>Checks the parameters of a request, and makes the query for the kubelet of them.</summary>
    /// <exception cref="ApiException">A parameter is wrong.</exception>
    public static string ToKubeletQuery(IQueryCollection query, string pod)
    {
        var result = new StringBuilder("?");
        var errors = new List<FieldError>();
        foreach (var name in _flags)
        {
            if (QueryValues.Flag(query, name))
            {
                result.Append(name).Append("=true&");
            }
        }

        foreach (var (name, least) in _numbers)
        {
            if (ReadNumber(query, name) is { } number)
            {
                CheckLeast(name, number, least, errors);
                result.Append(CultureInfo.InvariantCulture, $"{name}={number}&");
            }
        }

        if (ReadTime(query) is { } time)
        {
            result.Append("sinceTime=").Append(Uri.EscapeDataString(time)).Append('&');
            if (ReadNumber(query, "sinceSeconds") is not null)
            {
                errors.Add(FieldError.Forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
            }
        }

        return errors.Count == 0 ? result.ToString(0, result.Length - 1) : throw Invalid(pod, errors);
    }

    private static void CheckLeast(string name, long number, long least, List<FieldError> errors)
    {
        if (number < least)
        {
            var rule = least == 0 ? "must be greater than or equal to 0" : "must be greater than 0";
            errors.Add(new FieldError(name, "FieldValueInvalid", $"Invalid value: {number}: {rule}"));
        }
    }

    private static long? ReadNumber(IQueryCollection query, string name)
    {
        var text = QueryValues.Text(query, name);
        if (text.Length == 0)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw ApiErrors.BadRequest($"the parameter {name} is no whole number: \"{text}\"");
    }

    private static string? ReadTime(IQueryCollection query)
    {
        var text = QueryValues.Text(query, "sinceTime");
        if (text.Length == 0)
        {
            return null;
        }

        return text.Contains('T', StringComparison.Ordinal)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _)
            ? text
            : throw ApiErrors.BadRequest($"the parameter sinceTime is no time in RFC 3339: \"{text}\"");
    }

    private static ApiException Invalid(string pod, List<FieldError> errors)
    {
        var texts = errors.Select(e => e.Path.Length == 0 ? e.Detail : e.ToString()).ToArray();
        var all = texts.Length == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        return new ApiException(422, "Invalid", $"PodLogOptions \"{pod}\" is invalid: {all}")
        {
            Name = pod,
            Kind = "PodLogOptions",
            Causes = [.. errors.Select(e => new StatusCause(e.Reason, e.Detail, e.Path))],
        };
    }
}

using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Kinds;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Admission;

/// <summary>The bounds that one item of a LimitRange sets.</summary>
internal sealed class ResourceBounds(JsonObject limit)
{
    private readonly string _type = limit.Text("type");

    /// <summary>Checks requests and limits.</summary>
    public void Check(
        IReadOnlyDictionary<string, Quantity> requests, IReadOnlyDictionary<string, Quantity> limits, List<string> faults)
    {
        foreach (var (name, least) in Sorted("min"))
        {
            CheckLeast(name, least, requests, limits, faults);
        }

        foreach (var (name, most) in Sorted("max"))
        {
            CheckMost(name, most, requests, limits, faults);
        }

        foreach (var (name, ratio) in Sorted("maxLimitRequestRatio"))
        {
            CheckRatio(name, ratio, requests, limits, faults);
        }
    }

    /// <summary>Checks requests where there are no limits.</summary>
    public void CheckRequests(IReadOnlyDictionary<string, Quantity> requests, List<string> faults)
    {
        foreach (var (name, least) in Sorted("min"))
        {
            CheckLeast(name, least, requests, new Dictionary<string, Quantity>(), faults);
        }

        foreach (var (name, most) in Sorted("max"))
        {
            if (!requests.TryGetValue(name, out var request))
            {
                faults.Add($"maximum {name} usage per {_type} is {most}.  No request is specified");
            }
            else if (request > most)
            {
                faults.Add($"maximum {name} usage per {_type} is {most}, but request is {request}");
            }
        }
    }

    private IEnumerable<KeyValuePair<string, Quantity>> Sorted(string field) =>
        PodResources.Read(limit.Part(field)).OrderBy(amount => amount.Key, StringComparer.Ordinal);

    private void CheckLeast(
        string name,
        Quantity least,
        IReadOnlyDictionary<string, Quantity> requests,
        IReadOnlyDictionary<string, Quantity> limits,
        List<string> faults)
    {
        var start = $"minimum {name} usage per {_type} is {least}";
        if (!requests.TryGetValue(name, out var request))
        {
            faults.Add($"{start}.  No request is specified");
        }
        else if (request < least)
        {
            faults.Add($"{start}, but request is {request}");
        }
        else if (limits.TryGetValue(name, out var most) && most < least)
        {
            faults.Add($"{start}, but limit is {most}");
        }
    }

    private void CheckMost(
        string name,
        Quantity most,
        IReadOnlyDictionary<string, Quantity> requests,
        IReadOnlyDictionary<string, Quantity> limits,
        List<string> faults)
    {
        var start = $"maximum {name} usage per {_type} is {most}";
        if (!limits.TryGetValue(name, out var limited))
        {
            faults.Add($"{start}.  No limit is specified");
        }
        else if (limited > most)
        {
            faults.Add($"{start}, but limit is {limited}");
        }
        else if (requests.TryGetValue(name, out var request) && request > most)
        {
            faults.Add($"{start}, but request is {request}");
        }
    }

    private void CheckRatio(
        string name,
        Quantity ratio,
        IReadOnlyDictionary<string, Quantity> requests,
        IReadOnlyDictionary<string, Quantity> limits,
        List<string> faults)
    {
        var start = $"{name} max limit to request ratio per {_type} is {ratio}";
        var request = requests.GetValueOrDefault(name);
        var limited = limits.GetValueOrDefault(name);
        if (request.IsZero)
        {
            faults.Add($"{start}, but no request is specified or request is 0");
        }
        else if (limited.IsZero)
        {
            faults.Add($"{start}, but no limit is specified or limit is 0");
        }
        else if (limited.ToDouble() / request.ToDouble() is var actual && actual > ratio.ToDouble())
        {
            faults.Add($"{start}, but provided ratio is {actual.ToString("F6", CultureInfo.InvariantCulture)}");
        }
    }
}

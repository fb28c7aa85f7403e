using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry.Views;

/// <summary>Events as <c>events.k8s.io/v1</c> calls their fields; they are stored as those of <c>v1</c>.</summary>
internal sealed class EventView(ResourceInfo served, ResourceInfo stored) : ConvertedView(served, stored)
{
    private static readonly (string Stored, string Served)[] _names =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"),
        ("reportingComponent", "reportingController"),
    ];

    protected override void ToView(JsonObject value)
    {
        foreach (var (stored, served) in _names)
        {
            Rename(value, stored, served);
        }

        // The one field that this view always shows.
        value.TryAdd("eventTime", null);
    }

    protected override void FromView(JsonObject value)
    {
        foreach (var (stored, served) in _names)
        {
            Rename(value, served, stored);
        }
    }

    private static void Rename(JsonObject value, string from, string to)
    {
        if (value.TryGetPropertyValue(from, out var content))
        {
            value.Remove(from);
            value[to] = content;
        }
    }
}

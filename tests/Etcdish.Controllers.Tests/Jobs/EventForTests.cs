using System.Text.Json.Serialization;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Jobs;

/// <summary>An event, as tests read it.</summary>
internal sealed class EventForTests : KubernetesObject
{
    public static ApiResource<EventForTests> Events { get; } = new(
        "", "v1", "events", "Event", true, EventForms.Default.EventForTests);

    public string Reason { get; set; } = "";

    public string Message { get; set; } = "";
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(EventForTests))]
internal sealed partial class EventForms : JsonSerializerContext;

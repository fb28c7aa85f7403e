using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>What differs between kinds beside data: the hooks of the one path that all writes take.</summary>
internal sealed record ResourceRules
{
    /// <summary>Whether <c>metadata.generation</c> counts changes of what the user wants.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>Whether a change of annotations counts: a deployment hands them on to its replica sets.</summary>
    public bool CountsAnnotations { get; init; }

    /// <summary>Whether an update without a resourceVersion replaces whatever is there.</summary>
    public bool AllowsUnconditionalUpdate { get; init; } = true;

    /// <summary>Whether an update of a missing object creates it.</summary>
    public bool CreatesOnUpdate { get; init; }

    /// <summary>Whether a new object may bring its status, as nodes do that register themselves.</summary>
    public bool KeepsStatus { get; init; }

    /// <summary>How long a deletion waits for whoever runs the object; null if it does not.</summary>
    public Func<JsonObject, long>? GraceSeconds { get; init; }

    /// <summary>What is wrong with a name; nothing if it is fine.</summary>
    public Func<string, IReadOnlyList<string>> CheckName { get; init; } = NameRules.Dns1123Subdomain;

    /// <summary>Fills in what the author left out. Runs again on what it made, and also before owners of fields are compared.</summary>
    public Action<JsonObject>? ApplyDefaults { get; init; }

    /// <summary>Whether <see cref="ApplyDefaults"/> also fills in the status. If not, it is left out when only the status is written.</summary>
    public bool HasStatusDefaults { get; init; }

    /// <summary>
    /// Fills in what the server decides, before a new or changed object is checked. The second is the stored object or null.
    /// </summary>
    public Action<JsonObject, JsonObject?>? Prepare { get; init; }

    /// <summary>Checks a new or changed object. The second is the stored object or null.</summary>
    public Action<JsonObject, JsonObject?, List<FieldError>>? Validate { get; init; }

    /// <summary>
    /// Checks what a change may change. The first is the subresource by which it is made, or empty; then the object as it is to be, and
    /// as it is.
    /// </summary>
    public Action<string, JsonObject, JsonObject, List<FieldError>>? ValidateChange { get; init; }

    /// <summary>Notes what must happen before an object that is to be deleted may go.</summary>
    public Action<JsonObject>? BeginDeletion { get; init; }

    /// <summary>What a client should be warned of who writes this object.</summary>
    public Func<JsonObject, JsonObject?, IEnumerable<string>>? Warnings { get; init; }

    /// <summary>Waits until the server has done what a write, by its revision, asks of it.</summary>
    public Func<long, CancellationToken, Task>? Settle { get; init; }

    /// <summary>Says why nothing may be created; null if it may.</summary>
    public string? CreationRefusal { get; init; }
}

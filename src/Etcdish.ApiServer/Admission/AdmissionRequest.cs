using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Admission;

/// <summary>What is about to happen to an object.</summary>
internal enum AdmissionOperation
{
    /// <summary>It is created.</summary>
    Create,

    /// <summary>It is changed.</summary>
    Update,

    /// <summary>It is deleted.</summary>
    Delete,

    /// <summary>Somebody opens a stream to what runs behind it.</summary>
    Connect,
}

/// <summary>A write on its way through the chain of admission.</summary>
/// <param name="Operation">What is about to happen.</param>
/// <param name="Write">Where and by whom.</param>
/// <param name="Object">The object as it will be, which mutating plugins may change; null for a deletion.</param>
/// <param name="Stored">The object as it is stored; null for a creation.</param>
internal sealed record AdmissionRequest(AdmissionOperation Operation, WriteRequest Write, JsonObject? Object, JsonObject? Stored)
    : IDisposable
{
    private readonly List<IDisposable> _held = [];

    /// <summary>
    /// Writes of other keys that happen in the same step as the object's: all or none. If one of their conditions fails, the whole write is
    /// tried again from the beginning.
    /// </summary>
    public List<StoreAction> Companions { get; } = [];

    /// <summary>Whether it is about the object itself, not a subresource, of a kind.</summary>
    public bool IsOf(string group, string kind) =>
        Write.Subresource.Length == 0 && Write.Type.Info.Kind == kind && Write.Type.Info.Group == group;

    /// <summary>Whether an object of a kind is created.</summary>
    public bool Creates(string group, string kind) => Operation == AdmissionOperation.Create && IsOf(group, kind);

    /// <summary>Whether an object of a kind is created or changed.</summary>
    public bool Writes(string group, string kind) =>
        Operation is AdmissionOperation.Create or AdmissionOperation.Update && IsOf(group, kind);

    /// <summary>Makes the refusal of this write.</summary>
    public ApiException Forbid(string why) => ApiErrors.Forbidden(Write.Type.Info, Write.Name, why);

    /// <summary>Keeps something until the write has happened, or has not.</summary>
    public void Hold(IDisposable held) => _held.Add(held);

    /// <summary>Gives back what was held.</summary>
    public void Dispose()
    {
        foreach (var held in _held)
        {
            held.Dispose();
        }

        _held.Clear();
    }
}

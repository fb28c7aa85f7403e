using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

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
{
    private readonly List<Func<Task>> _undo = [];

    /// <summary>Registers what takes back a plugin's own effect, such as a charge to a quota, when the write does not happen after all.</summary>
    public void OnUndo(Func<Task> undo) => _undo.Add(undo);

    /// <summary>Takes the effects back, the last one first.</summary>
    public async Task UndoAsync()
    {
        for (var i = _undo.Count - 1; i >= 0; i--)
        {
            await _undo[i]();
        }

        _undo.Clear();
    }
}

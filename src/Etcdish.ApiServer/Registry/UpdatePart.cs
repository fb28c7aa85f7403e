using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Registry;

/// <summary>Which part of an object a request may change.</summary>
/// <param name="Subresource">The subresource that changes it; empty for the object itself.</param>
/// <param name="Take">
/// Takes the part from the wanted object (the second) over into a copy of the stored one (the first). Null: all is taken but what the
/// server decides and what other parts own.
/// </param>
internal sealed record UpdatePart(string Subresource, Action<JsonObject, JsonObject>? Take)
{
    /// <summary>What is checked in the place of the kind's own rules. The first is the new object, the second the stored one.</summary>
    public Action<JsonObject, JsonObject, List<FieldError>>? Check { get; init; }

    /// <summary>Whether a change of the part counts as a change of what the user wants.</summary>
    public bool CountsGeneration { get; init; } = true;

    /// <summary>Whether it is the status, with or without metadata: the rest was checked when it was written.</summary>
    public bool IsStatus { get; init; }

    /// <summary>
    /// The only field that can change, beside what the server writes into metadata; null: any. What such a write does not touch is
    /// neither looked at nor checked anew: nodes report on their pods far more often than anybody changes them.
    /// </summary>
    public string? OnlyField { get; init; }

    /// <summary>All but the status, if the resource has a subresource for that.</summary>
    public static UpdatePart Main { get; } = new("", null);

    /// <summary>The status only.</summary>
    public static UpdatePart Status { get; } = new("status", (result, wanted) => result.CopyFrom(wanted, "status"))
    {
        CountsGeneration = false,
        IsStatus = true,
        OnlyField = "status",
    };

    /// <summary>The finalizers of a namespace's content only.</summary>
    public static UpdatePart Finalize { get; } =
        new("finalize", (result, wanted) => result.Ensure("spec").CopyFrom(wanted.Part("spec"), "finalizers"));
}

namespace Etcdish.Kubernetes;

/// <summary>What is wrong with a patch: decides the status of the answer.</summary>
public enum PatchFault
{
    /// <summary>It is no patch of its type: 400.</summary>
    Malformed,

    /// <summary>It has more operations than allowed: 413.</summary>
    TooLarge,

    /// <summary>It is a patch, but not one for this object: 422.</summary>
    NotApplicable,
}

/// <summary>A patch that cannot be applied; the message is Kubernetes' own where it has one.</summary>
public sealed class PatchException(PatchFault fault, string message) : Exception(message)
{
    /// <summary>What is wrong with the patch.</summary>
    public PatchFault Fault { get; } = fault;
}

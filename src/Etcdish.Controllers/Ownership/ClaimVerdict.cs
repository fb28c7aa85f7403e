namespace Etcdish.Controllers.Ownership;

/// <summary>What an owner makes of an object.</summary>
internal enum ClaimVerdict
{
    /// <summary>It is somebody else's, or nobody's and none of its concern.</summary>
    Ignore,

    /// <summary>It is its own already.</summary>
    Keep,

    /// <summary>It is nobody's, and is to become its own.</summary>
    Adopt,

    /// <summary>It is its own, and shall no longer be.</summary>
    Release,
}

namespace Etcdish.ApiServer.Registry;

/// <summary>Which part of an object a request may change.</summary>
internal enum UpdatePart
{
    /// <summary>All but the status, if the resource has a subresource for that.</summary>
    Main,

    /// <summary>The status only.</summary>
    Status,

    /// <summary>The finalizers of a namespace's content only.</summary>
    Finalize,
}

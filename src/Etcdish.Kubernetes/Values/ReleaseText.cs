namespace Etcdish.Kubernetes;

/// <summary>Which Kubernetes this is, as servers and nodes tell it.</summary>
public static class ReleaseText
{
    /// <summary>The release whose API and behaviour this has, marked as ours.</summary>
    public const string Version = "v1.35.2+etcdish";
}

using System.Security.Cryptography.X509Certificates;
using Etcdish.Controllers.Volumes;

namespace Etcdish.Controllers;

/// <summary>What controllers must be told of a cluster. What is left out is not done.</summary>
public sealed record ControllerOptions
{
    /// <summary>The certificate of the cluster's authority as PEM, which pods get to trust the API by. Null: they get none.</summary>
    public string? AuthorityPem { get; init; }

    /// <summary>
    /// The private key, as PEM, by which the API server knows tokens of service accounts: ECDSA on P-256, or RSA. Null: secrets of the type
    /// <c>kubernetes.io/service-account-token</c> stay empty.
    /// </summary>
    public string? AccountKeyPem { get; init; }

    /// <summary>The authority that signs certificates, with its private key. Null: none are signed. Disposed of by who made it.</summary>
    public X509Certificate2? SigningAuthority { get; init; }

    /// <summary>
    /// Whether the API server is in this process. Then no bytes are sent, and stepping over what is not needed of an object costs less than
    /// having a smaller one made.
    /// </summary>
    public bool IsBesideServer { get; init; }

    /// <summary>Where volumes are that are folders of nodes.</summary>
    public LocalPath LocalPath { get; init; } = new();

    /// <summary>How long certificates hold that are signed here, at most.</summary>
    public TimeSpan CertificateLife { get; init; } = TimeSpan.FromDays(365);

    /// <summary>
    /// The range of pods' addresses, such as <c>10.244.0.0/16</c>, or one of each family with a comma between, from which every node gets a
    /// part. Null: nodes have their ranges from somebody else.
    /// </summary>
    public string? PodNetwork { get; init; }

    /// <summary>How many bits of an address name a node's range of IPv4.</summary>
    public int NodeMaskSize { get; init; } = 24;

    /// <summary>How many bits of an address name a node's range of IPv6.</summary>
    public int NodeMaskSizeV6 { get; init; } = 64;

    /// <summary>How many pods that have ended are kept; more are deleted, the oldest first. 0: all are kept.</summary>
    public int MaxFinishedPods { get; init; } = 12500;
}

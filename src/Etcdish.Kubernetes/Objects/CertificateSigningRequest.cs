using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Objects;

/// <summary>A request for a certificate (certificates/v1 CertificateSigningRequest).</summary>
public sealed class CertificateSigningRequest : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public CertificateSigningRequestSpec Spec { get => field ??= new(); set; }

    /// <summary>What became of it.</summary>
    public CertificateSigningRequestStatus Status { get => field ??= new(); set; }
}

/// <summary>The certificate that is wanted, and by whom.</summary>
public sealed class CertificateSigningRequestSpec
{
    /// <summary>The request of PKCS #10, as PEM.</summary>
    public byte[] Request { get => field ?? []; set; }

    /// <summary>Who is to sign it, such as <c>kubernetes.io/kubelet-serving</c>.</summary>
    public string SignerName { get; set; } = "";

    /// <summary>How long it is to hold; null: as long as the signer likes.</summary>
    public int? ExpirationSeconds { get; set; }

    /// <summary>What the key is to be used for, such as <c>client auth</c>.</summary>
    public string[] Usages { get => field ?? []; set; }

    /// <summary>Who asked.</summary>
    public string Username { get; set; } = "";

    /// <summary>The uid of who asked.</summary>
    public string Uid { get; set; } = "";

    /// <summary>The groups of who asked.</summary>
    public string[] Groups { get => field ?? []; set; }

    /// <summary>What else is known of who asked: lists of texts under names.</summary>
    public JsonObject? Extra { get; set; }
}

/// <summary>What became of a request.</summary>
public sealed class CertificateSigningRequestStatus
{
    /// <summary>Approved, Denied, Failed.</summary>
    public Condition[] Conditions { get => field ?? []; set; }

    /// <summary>The certificate, as PEM; empty as long as there is none.</summary>
    public byte[] Certificate { get => field ?? []; set; }

    /// <summary>Whether a condition of this type holds.</summary>
    public bool Is(string type) => Array.Find(Conditions, condition => condition.Type == type) is { IsTrue: true };
}

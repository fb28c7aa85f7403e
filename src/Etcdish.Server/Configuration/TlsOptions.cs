namespace Etcdish.Server.Configuration;

/// <summary>Certificates of the client port; nothing is set when it speaks plain HTTP.</summary>
public sealed record TlsOptions
{
    /// <summary>Certificate chain (PEM), or empty.</summary>
    public string CertFile { get; init; } = "";

    /// <summary>Private key (PEM), or empty.</summary>
    public string KeyFile { get; init; } = "";

    /// <summary>CA certificates that the other side's certificate must come from, or empty.</summary>
    public string TrustedCaFile { get; init; } = "";

    /// <summary>Whether the other side must show a certificate.</summary>
    public bool ClientCertAuth { get; init; }

    /// <summary>Whether there is a certificate to serve with.</summary>
    public bool IsConfigured => CertFile.Length > 0 && KeyFile.Length > 0;
}

namespace Etcdish.Server.Configuration;

/// <summary>Certificates between peers; nothing is set when they speak plain TCP.</summary>
public sealed record PeerTlsFiles
{
    /// <summary>Certificate chain (PEM), or empty.</summary>
    public string CertFile { get; init; } = "";

    /// <summary>Private key (PEM), or empty.</summary>
    public string KeyFile { get; init; } = "";

    /// <summary>Certificate chain shown to peers that are dialled, or empty for <see cref="CertFile"/>.</summary>
    public string ClientCertFile { get; init; } = "";

    /// <summary>Private key of that, or empty.</summary>
    public string ClientKeyFile { get; init; } = "";

    /// <summary>CA certificates that peers' certificates must come from, or empty for those of the system.</summary>
    public string TrustedCaFile { get; init; } = "";

    /// <summary>Whether peers that dial must show a certificate.</summary>
    public bool ClientCertAuth { get; init; }

    /// <summary>Common names that peers' certificates may have; empty for any.</summary>
    public IReadOnlyList<string> AllowedCommonNames { get; init; } = [];

    /// <summary>Host names of which peers' certificates must match one; empty for any.</summary>
    public IReadOnlyList<string> AllowedHostNames { get; init; } = [];

    /// <summary>Whether peers may dial from addresses that their certificate does not name.</summary>
    public bool SkipClientAddressCheck { get; init; }

    /// <summary>Whether there is a certificate.</summary>
    public bool IsConfigured => CertFile.Length > 0 && KeyFile.Length > 0;
}

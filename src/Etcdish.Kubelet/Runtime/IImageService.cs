namespace Etcdish.Kubelet.Runtime;

/// <summary>Images of a node: CRI's ImageService without its wire form. Safe for use by many threads.</summary>
internal interface IImageService
{
    /// <summary>Whether images take disk, so that there may be something to collect.</summary>
    bool TakeDisk => true;

    /// <summary>All images.</summary>
    Task<IReadOnlyList<ImageState>> ListAsync(CancellationToken cancellation);

    /// <summary>An image by a name, digest or id; null: it is not here.</summary>
    Task<ImageState?> FindAsync(string image, CancellationToken cancellation);

    /// <summary>Fetches an image; what it is known by then.</summary>
    /// <exception cref="RuntimeException">It cannot be had; the message is the registry's.</exception>
    Task<string> PullAsync(string image, RegistryLogin? login, CancellationToken cancellation);

    /// <summary>Removes an image; one that is not there is no failure.</summary>
    Task RemoveAsync(string id, CancellationToken cancellation);

    /// <summary>Where images lie and what they take.</summary>
    Task<IReadOnlyList<FileSystemUsage>> GetFileSystemsAsync(CancellationToken cancellation);
}

/// <summary>An image.</summary>
/// <param name="Id">Its id, such as <c>sha256:…</c>.</param>
/// <param name="Tags">Names with a tag.</param>
/// <param name="Digests">Names with a digest.</param>
/// <param name="SizeBytes">What it takes.</param>
/// <param name="Uid">The user it says to run as, if that is a number.</param>
/// <param name="Username">The user it says to run as, if that is a name.</param>
/// <param name="IsPinned">Whether it must stay.</param>
internal sealed record ImageState(
    string Id, IReadOnlyList<string> Tags, IReadOnlyList<string> Digests, long SizeBytes, long? Uid, string Username, bool IsPinned);

/// <summary>How to prove to a registry who one is.</summary>
internal sealed record RegistryLogin
{
    public string Username { get; init; } = "";

    public string Password { get; init; } = "";

    /// <summary>User and password together, in base64, if they come so.</summary>
    public string Auth { get; init; } = "";

    public string ServerAddress { get; init; } = "";

    public string IdentityToken { get; init; } = "";

    public string RegistryToken { get; init; } = "";
}

/// <summary>What is used of a file system.</summary>
internal sealed record FileSystemUsage(string MountPoint, long UsedBytes, long UsedInodes, DateTimeOffset At);

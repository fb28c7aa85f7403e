using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes;

/// <summary>
/// There are no images: whatever a pod names is here, has no files, and is run as who runs this process. Every command is one of the node.
/// </summary>
internal sealed class ProcessImages(string folder, TimeProvider clock) : IImageService
{
    private readonly long _user = LinuxCalls.EffectiveUser();

    /// <inheritdoc/>
    public bool TakeDisk => false;

    /// <inheritdoc/>
    public Task<IReadOnlyList<ImageState>> ListAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<ImageState>>([]);

    /// <inheritdoc/>
    public Task<ImageState?> FindAsync(string image, CancellationToken cancellation) =>
        Task.FromResult<ImageState?>(new ImageState(image, [image], [], SizeBytes: 0, _user, Username: "", IsPinned: true));

    /// <inheritdoc/>
    public Task<string> PullAsync(string image, RegistryLogin? login, CancellationToken cancellation) => Task.FromResult(image);

    /// <inheritdoc/>
    public Task RemoveAsync(string id, CancellationToken cancellation) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<IReadOnlyList<FileSystemUsage>> GetFileSystemsAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<FileSystemUsage>>([new FileSystemUsage(folder, UsedBytes: 0, UsedInodes: 0, clock.GetUtcNow())]);
}

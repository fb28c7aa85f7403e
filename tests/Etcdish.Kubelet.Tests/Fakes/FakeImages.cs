using System.Collections.Concurrent;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Tests.Fakes;

/// <summary>Images in memory. Those of <see cref="Remote"/> can be pulled.</summary>
internal sealed class FakeImages : IImageService
{
    private readonly ConcurrentDictionary<string, ImageState> _images = [];

    /// <summary>What a registry would say of a name: null is an image, a text its complaint.</summary>
    public Func<string, RegistryLogin?, string?> Remote { get; set; } = (_, _) => null;

    /// <summary>All pulls, in order.</summary>
    public ConcurrentQueue<string> Pulls { get; } = [];

    public bool TakeDisk { get; set; } = true;

    /// <summary>An image of a name.</summary>
    public static ImageState Make(string name) => new($"sha256:{name}", [name], [$"{name}@sha256:{name}"], 1 << 20, null, "", false);

    /// <summary>Puts an image there.</summary>
    public void Add(string name) => _images[name] = Make(name);

    public Task<IReadOnlyList<ImageState>> ListAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<ImageState>>([.. _images.Values.OrderBy(image => image.Id, StringComparer.Ordinal)]);

    public Task<ImageState?> FindAsync(string image, CancellationToken cancellation) =>
        Task.FromResult(_images.GetValueOrDefault(image) ?? _images.Values.FirstOrDefault(i => i.Id == image || i.Digests.Contains(image)));

    public Task<string> PullAsync(string image, RegistryLogin? login, CancellationToken cancellation)
    {
        Pulls.Enqueue(image);
        if (Remote(image, login) is { } complaint)
        {
            return Task.FromException<string>(new RuntimeException(complaint));
        }

        Add(image);
        return Task.FromResult(Make(image).Id);
    }

    public Task RemoveAsync(string id, CancellationToken cancellation)
    {
        foreach (var (name, image) in _images)
        {
            if (image.Id == id || name == id)
            {
                _images.TryRemove(name, out _);
            }
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<FileSystemUsage>> GetFileSystemsAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<FileSystemUsage>>([]);
}

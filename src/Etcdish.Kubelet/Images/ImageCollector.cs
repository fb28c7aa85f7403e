using Etcdish.Kubelet.Nodes;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Images;

/// <summary>
/// Removes images that no container uses when their disk is nearly full, from 85 % on until it is at 80 unless told otherwise: those first that were used longest
/// ago. Pinned ones stay, and so do those that came within the last two minutes. What it knows of times begins with it.
/// </summary>
/// <param name="runtime">The runtime whose images they are.</param>
/// <param name="space">Measures the disk that they are on.</param>
/// <param name="clock">The clock of ages.</param>
/// <param name="warn">Is told, a line each, what goes wrong.</param>
/// <param name="highPercent">From how full a disk on; 100: never.</param>
/// <param name="lowPercent">Until how full a disk.</param>
internal sealed class ImageCollector(
    IContainerRuntime runtime,
    Func<CancellationToken, Task<FileSystemSpace>> space,
    TimeProvider clock,
    Action<string> warn,
    int highPercent = 85,
    int lowPercent = 80) : IDisposable
{
    private const int Never = 100;
    private static readonly TimeSpan _period = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _leastAge = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, Record> _records = new(StringComparer.Ordinal);

    /// <summary>Looks every 5 minutes, until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await CollectAsync(cancellation);
            }
            catch (Exception e) when (e is RuntimeException or IOException)
            {
                warn($"images cannot be collected: {e.Message}");
            }

            await Task.Delay(_period, clock, cancellation);
        }
    }

    /// <summary>Looks once, and removes what must go.</summary>
    /// <exception cref="RuntimeException">The runtime does not answer.</exception>
    /// <exception cref="IOException">The disk cannot be measured.</exception>
    public async Task CollectAsync(CancellationToken cancellation)
    {
        if (!runtime.Images.TakeDisk)
        {
            return;
        }

        var disk = await space(cancellation);
        var used = disk.CapacityBytes == 0 ? 0 : 100.0 * (disk.CapacityBytes - disk.AvailableBytes) / disk.CapacityBytes;
        if (used < highPercent || highPercent == Never)
        {
            await LookAsync(cancellation);
            return;
        }

        var wanted = (long)(disk.CapacityBytes * (100 - lowPercent) / 100) - disk.AvailableBytes;
        var freed = await FreeAsync(wanted, cancellation);
        if (freed < wanted)
        {
            warn(
                $"Failed to garbage collect required amount of images. Attempted to free {wanted} bytes, "
                + $"but only found {freed} bytes eligible to free.");
        }
    }

    /// <summary>Removes images until so much is free, or none is left that may go.</summary>
    /// <param name="bytes">How much; <see cref="long.MaxValue"/>: all that nobody uses.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The size of those that were removed, in bytes.</returns>
    /// <exception cref="RuntimeException">The runtime does not answer.</exception>
    public async Task<long> FreeAsync(long bytes, CancellationToken cancellation)
    {
        var unused = await LookAsync(cancellation);
        var (freed, now) = (0L, clock.GetUtcNow());
        foreach (var (image, record) in unused.OrderBy(entry => entry.Record.LastUsed).ThenBy(entry => entry.Record.FirstSeen))
        {
            if (freed >= bytes)
            {
                break;
            }

            if (now - record.FirstSeen < _leastAge)
            {
                continue;
            }

            try
            {
                await runtime.Images.RemoveAsync(image.Id, cancellation);
                freed += image.SizeBytes;
            }
            catch (RuntimeException e)
            {
                warn($"image {image.Id} cannot be removed: {e.Message}");
            }
        }

        return freed;
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <summary>Notes what there is and what is used; the images that nobody uses.</summary>
    private async Task<IReadOnlyList<(ImageState Image, Record Record)>> LookAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            // Containers first: an image that comes behind the list of them is too young to go.
            var containers = (await runtime.ListAsync(cancellation)).Containers;
            var images = await runtime.Images.ListAsync(cancellation);
            var (used, now) = (Used(images, containers), clock.GetUtcNow());
            foreach (var image in images)
            {
                var record = _records.GetValueOrDefault(image.Id, new Record(now, DateTimeOffset.MinValue));
                _records[image.Id] = used.Contains(image.Id) ? record with { LastUsed = now } : record;
            }

            foreach (var gone in _records.Keys.Except(images.Select(image => image.Id)).ToArray())
            {
                _records.Remove(gone);
            }

            return [.. images.Where(image => !image.IsPinned && !used.Contains(image.Id)).Select(image => (image, _records[image.Id]))];
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The ids of images of which there is a container, running or not: it may be started again.</summary>
    private static HashSet<string> Used(IReadOnlyList<ImageState> images, IReadOnlyList<ContainerState> containers)
    {
        var ids = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var image in images)
        {
            foreach (var name in image.Tags.Concat(image.Digests).Append(image.Id))
            {
                ids[name] = image.Id;
            }
        }

        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in containers.SelectMany(container => Names(container.Image).Append(container.ImageReference)))
        {
            if (ids.TryGetValue(name, out var id))
            {
                used.Add(id);
            }
        }

        return used;
    }

    private static string[] Names(string image) => ImageName.Parse(image, out _) is { } name
        ? [image, ImageName.WithDefaultTag(name.Full, name)]
        : [image];

    private readonly record struct Record(DateTimeOffset FirstSeen, DateTimeOffset LastUsed);
}

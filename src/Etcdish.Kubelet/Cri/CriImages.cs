using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Protos.Cri;

namespace Etcdish.Kubelet.Cri;

/// <summary>The images of a runtime behind the Container Runtime Interface.</summary>
internal sealed class CriImages(CriCalls calls) : IImageService
{
    /// <summary>Longer than any pull that anybody waits for; a runtime itself gives up one that makes no progress.</summary>
    private static readonly TimeSpan _pullLimit = TimeSpan.FromHours(6);

    private volatile string? _sandboxImage;

    public async Task<IReadOnlyList<ImageState>> ListAsync(CancellationToken cancellation)
    {
        var answer = await calls.ImagesAsync("ListImages", new ListImagesRequest(), ListImagesResponse.Parser, null, cancellation);
        var pause = await SandboxImageAsync(cancellation);
        return [.. answer.Images.Select(image => State(image, pause))];
    }

    public async Task<ImageState?> FindAsync(string image, CancellationToken cancellation)
    {
        var request = new ImageStatusRequest { Image = new ImageSpec { Image = image } };
        var answer = await calls.ImagesAsync("ImageStatus", request, ImageStatusResponse.Parser, null, cancellation);
        return answer.Image is { } found ? State(found, await SandboxImageAsync(cancellation)) : null;
    }

    public async Task<string> PullAsync(string image, RegistryLogin? login, CancellationToken cancellation)
    {
        var request = new PullImageRequest { Image = new ImageSpec { Image = image }, Auth = Login(login) };
        var answer = await calls.ImagesAsync("PullImage", request, PullImageResponse.Parser, _pullLimit, cancellation);
        return answer.ImageRef;
    }

    public Task RemoveAsync(string id, CancellationToken cancellation)
    {
        var request = new RemoveImageRequest { Image = new ImageSpec { Image = id } };
        return calls.ImagesAsync("RemoveImage", request, RemoveImageResponse.Parser, null, cancellation).UnlessAbsent();
    }

    public async Task<IReadOnlyList<FileSystemUsage>> GetFileSystemsAsync(CancellationToken cancellation)
    {
        var answer = await calls.ImagesAsync("ImageFsInfo", new ImageFsInfoRequest(), ImageFsInfoResponse.Parser, null, cancellation);
        return
        [
            .. answer.ImageFilesystems.Select(usage => new FileSystemUsage(
                usage.FsId?.Mountpoint ?? "",
                (long)(usage.UsedBytes?.Value ?? 0),
                (long)(usage.InodesUsed?.Value ?? 0),
                CriStates.Time(usage.Timestamp))),
        ];
    }

    /// <summary>
    /// What sandboxes run, by the runtime's configuration; empty: it does not tell. Older runtimes do not pin it, and no pod could start
    /// without it.
    /// </summary>
    private async Task<string> SandboxImageAsync(CancellationToken cancellation)
    {
        if (_sandboxImage is null)
        {
            var answer = await calls.RuntimeAsync("Status", new StatusRequest { Verbose = true }, StatusResponse.Parser, cancellation);
            _sandboxImage = answer.Info.TryGetValue("config", out var config) ? SandboxImage(config) : "";
        }

        return _sandboxImage;
    }

    private static string SandboxImage(string config)
    {
        try
        {
            return JsonNode.Parse(config) is JsonObject settings && settings["sandboxImage"] is JsonValue name ? name.ToString() : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }

    private static ImageState State(Image image, string sandboxImage) => new(
        image.Id,
        image.RepoTags,
        image.RepoDigests,
        (long)image.Size,
        image.Uid?.Value,
        image.Username,
        image.Pinned || image.RepoTags.Contains(sandboxImage));

    private static AuthConfig? Login(RegistryLogin? login) => login is null ? null : new()
    {
        Username = login.Username,
        Password = login.Password,
        Auth = login.Auth,
        ServerAddress = login.ServerAddress,
        IdentityToken = login.IdentityToken,
        RegistryToken = login.RegistryToken,
    };
}

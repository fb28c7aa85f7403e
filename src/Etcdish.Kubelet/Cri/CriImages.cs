using Etcdish.Kubelet.Runtime;
using Etcdish.Protos.Cri;

namespace Etcdish.Kubelet.Cri;

/// <summary>The images of a runtime behind the Container Runtime Interface.</summary>
internal sealed class CriImages(CriCalls calls) : IImageService
{
    /// <summary>Longer than any pull that anybody waits for; a runtime itself gives up one that makes no progress.</summary>
    private static readonly TimeSpan _pullLimit = TimeSpan.FromHours(6);

    public async Task<IReadOnlyList<ImageState>> ListAsync(CancellationToken cancellation)
    {
        var answer = await calls.ImagesAsync("ListImages", new ListImagesRequest(), ListImagesResponse.Parser, null, cancellation);
        return [.. answer.Images.Select(State)];
    }

    public async Task<ImageState?> FindAsync(string image, CancellationToken cancellation)
    {
        var request = new ImageStatusRequest { Image = new ImageSpec { Image = image } };
        var answer = await calls.ImagesAsync("ImageStatus", request, ImageStatusResponse.Parser, null, cancellation);
        return answer.Image is { } found ? State(found) : null;
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

    private static ImageState State(Image image) => new(
        image.Id, image.RepoTags, image.RepoDigests, (long)image.Size, image.Uid?.Value, image.Username, image.Pinned);

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

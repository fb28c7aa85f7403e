using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Images;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Tests.Fakes;
using Etcdish.Kubelet.Volumes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Images;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ImagePullerTests
{
    private readonly ManualClock _clock = new();
    private readonly FakeImages _images = new();
    private readonly Secrets _secrets = new();
    private EventLog _events = null!;
    private ImagePuller _puller = null!;

    [SetUp]
    public void Start()
    {
        _events = new EventLog(_clock);
        _puller = new ImagePuller(_images, _secrets, _events.Recorder, _clock);
    }

    [TearDown]
    public async Task StopAsync()
    {
        _puller.Dispose();
        await _events.DisposeAsync();
    }

    [TestCase("app:1", "", false, true)]
    [TestCase("app:1", "", true, false)]
    [TestCase("app", "", true, true)]
    [TestCase("app:latest", "IfNotPresent", true, false)]
    [TestCase("app:1", "Always", true, true)]
    [TestCase("app:1", "Never", true, false)]
    public async Task An_image_is_pulled_as_the_policy_says(string image, string policy, bool isHere, bool isPulled)
    {
        if (isHere)
        {
            _images.Add(image.Contains(':') ? image : image + ":latest");
        }

        await EnsureAsync(image, policy);
        Assert.That(_images.Pulls, Has.Count.EqualTo(isPulled ? 1 : 0));
    }

    [Test]
    public async Task What_is_done_is_told()
    {
        await EnsureAsync("app:1", "");
        await EnsureAsync("app:1", "");
        Assert.That(await _events.EndAsync(), Is.EqualTo((string[])
        [
            "Normal Pulling Pulling image \"app:1\"",
            "Normal Pulled Successfully pulled image \"app:1\" in 0s (0s including waiting). Image size: 1048576 bytes.",
            "Normal Pulled Container image \"app:1\" already present on machine and can be accessed by the pod",
        ]));
    }

    [Test]
    public async Task An_image_that_must_be_here_and_is_not()
    {
        var failure = await FailAsync("app:1", "Never");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Reason, Is.EqualTo("ErrImageNeverPull"));
            Assert.That(failure.Message, Is.EqualTo("Container image \"app:1\" is not present with pull policy of Never"));
            Assert.That(_images.Pulls, Is.Empty);
        }
    }

    [Test]
    public async Task A_name_that_is_none()
    {
        var failure = await FailAsync("App", "");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Reason, Is.EqualTo("InvalidImageName"));
            Assert.That(failure.Message, Does.Contain("couldn't parse image name \"App\": invalid reference format"));
        }
    }

    [Test]
    public async Task Failures_back_off_doubling_to_five_minutes()
    {
        _images.Remote = (_, _) => "not found";
        List<double> waits = [];
        for (var tries = 0; tries < 7; tries++)
        {
            var failure = await FailAsync("app:1", "");
            Assert.That((failure.Reason, failure.Message), Is.EqualTo(("ErrImagePull", "not found")));
            var again = await FailAsync("app:1", "");
            Assert.That(again.Reason, Is.EqualTo("ImagePullBackOff"));
            Assert.That(again.Message, Is.EqualTo("Back-off pulling image \"app:1\": ErrImagePull: not found"));
            waits.Add((again.RetryAt - _clock.GetUtcNow()).TotalSeconds);
            _clock.Advance(again.RetryAt - _clock.GetUtcNow());
        }

        Assert.That(waits, Is.EqualTo((double[])[10, 20, 40, 80, 160, 300, 300]));
        Assert.That(_images.Pulls, Has.Count.EqualTo(7));
    }

    [Test]
    public async Task Another_pod_does_not_wait_for_the_first_ones_back_off()
    {
        _images.Remote = (_, _) => "not found";
        await FailAsync("app:1", "");
        _images.Remote = (_, _) => null;
        var pod = PodTexts.Of("other");
        Assert.That(await _puller.EnsureAsync(pod, Container("app:1", ""), CancellationToken.None), Is.Not.Null);
    }

    [Test]
    public async Task Many_wait_for_one_pull()
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var images = new HeldImages(hold.Task);
        using var puller = new ImagePuller(images, _secrets, _events.Recorder, _clock);
        var waiting = Enumerable.Range(0, 20)
            .Select(number => puller.EnsureAsync(PodTexts.Of($"p{number}"), Container("app:1", "Always"), CancellationToken.None))
            .ToArray();
        hold.SetResult();
        await Task.WhenAll(waiting);
        Assert.That(images.Pulls, Is.EqualTo(1));
    }

    [Test]
    public async Task A_pull_that_nobody_waits_for_ends()
    {
        using var images = new HeldImages(new TaskCompletionSource().Task);
        using var puller = new ImagePuller(images, _secrets, _events.Recorder, _clock);
        using var stop = new CancellationTokenSource();
        var waiting = puller.EnsureAsync(PodTexts.Of("p"), Container("app:1", ""), stop.Token);
        await images.Started;
        await stop.CancelAsync();
        Assert.That(async () => await waiting, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(async () => await images.Ended, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Logins_of_the_pods_secrets_are_tried()
    {
        _secrets.Found["s1"] = """{"auths":{"e.com":{"username":"wrong"},"e.com/team":{"username":"right"},"f.com":{"username":"f"}}}""";
        List<string?> tried = [];
        _images.Remote = (_, login) =>
        {
            tried.Add(login?.Username);
            return login?.Username == "wrong" ? null : "denied";
        };
        var pod = PodTexts.Read("p", "{'imagePullSecrets':[{'name':'s1'},{'name':'missing'}]}");
        await _puller.EnsureAsync(pod, Container("e.com/team/app:1", ""), CancellationToken.None);
        Assert.That(tried, Is.EqualTo((string[])["right", "wrong"]));
        Assert.That(await _events.EndAsync(), Has.Some.EqualTo(
            "Warning FailedToRetrieveImagePullSecret Unable to retrieve some image pull secrets (missing); "
            + "attempting to pull the image may not succeed."));
    }

    private static ContainerManifest Container(string image, string policy) =>
        new() { Name = "c", Image = image, ImagePullPolicy = policy };

    private Task<ImageState> EnsureAsync(string image, string policy) =>
        _puller.EnsureAsync(PodTexts.Of("p"), Container(image, policy), CancellationToken.None);

    private async Task<ImageException> FailAsync(string image, string policy)
    {
        try
        {
            await EnsureAsync(image, policy);
        }
        catch (ImageException e)
        {
            return e;
        }

        throw new AssertionException("it did not fail");
    }

    private sealed class Secrets : IObjectSource
    {
        public Dictionary<string, string> Found { get; } = [];

        public Task<JsonObject?> FindConfigMapAsync(string ns, string name, CancellationToken cancellation) =>
            Task.FromResult<JsonObject?>(null);

        public Task<JsonObject?> FindSecretAsync(string ns, string name, CancellationToken cancellation) => Task.FromResult(
            Found.TryGetValue(name, out var text)
                ? new JsonObject
                {
                    ["type"] = "kubernetes.io/dockerconfigjson",
                    ["data"] = new JsonObject { [".dockerconfigjson"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text)) },
                }
                : null);

        public Task<JsonObject?> FindAsync(string path, CancellationToken cancellation) => Task.FromResult<JsonObject?>(null);

        public Task ServicesSynced => Task.CompletedTask;

        public IReadOnlyList<JsonObject> ListServices(string ns) => [];
    }

    /// <summary>Images whose pulls take as long as a test wants.</summary>
    private sealed class HeldImages(Task hold) : IImageService, IDisposable
    {
        private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _pulls;

        public int Pulls => _pulls;

        public Task Started => _started.Task;

        public Task Ended => _ended.Task;

        public Task<IReadOnlyList<ImageState>> ListAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<ImageState>>([]);

        public Task<ImageState?> FindAsync(string image, CancellationToken cancellation) =>
            Task.FromResult(hold.IsCompleted ? FakeImages.Make(image) : null);

        public async Task<string> PullAsync(string image, RegistryLogin? login, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _pulls);
            _started.TrySetResult();
            try
            {
                await hold.WaitAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                _ended.TrySetCanceled(cancellation);
                throw;
            }

            return image;
        }

        public Task RemoveAsync(string id, CancellationToken cancellation) => Task.CompletedTask;

        public Task<IReadOnlyList<FileSystemUsage>> GetFileSystemsAsync(CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<FileSystemUsage>>([]);

        public void Dispose() => _started.TrySetCanceled();
    }
}

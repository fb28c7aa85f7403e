using Etcdish.ClusterBench;
using Etcdish.Controllers.Volumes;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Volumes;

/// <summary>
/// Claims and volumes come and go, two binders work on them at once as they never should, requests of theirs fail before and after they had
/// their effect, and one of them is killed and comes again. A claim that has a volume keeps it, and no volume is two claims'.
/// </summary>
public sealed class BindingRaceTests
{
    private const int Count = 40;

    [Test]
    public async Task No_claim_has_two_volumes_and_no_volume_two_claims([Values(1, 2, 3)] int seed)
    {
        await using var bench = await ControlBench.StartAsync();
        bench.Add(new ClaimProtectionController(bench.Context, new ClaimUsers(bench.Context)));
        bench.Add(new VolumeProtectionController(bench.Context));
        await bench.RunAsync();
        var random = new Random(seed);
        var observer = new Observer(bench);
        using var stop = new CancellationTokenSource();
        var observing = observer.RunAsync(stop.Token);
        await using var first = StartBinder(bench, seed);
        var second = StartBinder(bench, seed + 1000);

        for (var i = 0; i < Count; i++)
        {
            await (random.Next(2) == 0 ? MakeVolumeAsync(bench, i) : MakeClaimAsync(bench, i));
            if (random.Next(4) == 0)
            {
                var options = new Kubernetes.Client.DeleteOptions();
                await bench.Client.DeleteAsync(
                    Resources.PersistentVolumeClaims, "default", $"c{random.Next(i + 1)}", options, CancellationToken.None);
            }

            if (i == Count / 2)
            {
                await second.DisposeAsync();
                second = StartBinder(bench, seed + 2000);
            }
        }

        // More than enough for all, so that each claim must end with one.
        for (var i = Count; i < Count * 2; i++)
        {
            await MakeVolumeAsync(bench, i);
        }

        var claims = await bench.WaitAsync(
            Resources.PersistentVolumeClaims,
            "default",
            all => all.All(c => c.Status.Phase == "Bound"),
            c => $"{c} {c.Status.Phase} {c.Spec.VolumeName}");
        var owners = claims.ToDictionary(c => c.Spec.VolumeName, c => c.Metadata.Uid);
        await bench.WaitAsync(
            Resources.PersistentVolumes,
            "",
            all => all.All(v => owners.TryGetValue(v.Metadata.Name, out var uid)
                ? v.Status.Phase == "Bound" && v.Spec.ClaimRef!.Uid == uid
                : v.Status.Phase is "Available" or "Released"),
            v => $"{v} {v.Status.Phase} {v.Spec.ClaimRef?.Name} {v.Spec.ClaimRef?.Uid}");
        await second.DisposeAsync();
        await stop.CancelAsync();
        await observing;
        Assert.That(observer.Complaints, Is.Empty, $"seed {seed}");
    }

    private static async Task MakeVolumeAsync(ControlBench bench, int number) => await bench.CreateAsync(
        Resources.PersistentVolumes,
        "",
        $"{{'metadata':{{'name':'v{number}'}},'spec':{{'capacity':{{'storage':'{1 + (number % 3)}Gi'}},'accessModes':['ReadWriteOnce'],"
        + $"'storageClassName':'x','hostPath':{{'path':'/tmp/v{number}'}}}}}}");

    private static async Task MakeClaimAsync(ControlBench bench, int number) => await bench.CreateAsync(
        Resources.PersistentVolumeClaims,
        "default",
        $"{{'metadata':{{'name':'c{number}'}},'spec':{{'accessModes':['ReadWriteOnce'],'storageClassName':'x',"
        + "'resources':{'requests':{'storage':'1Gi'}}}}");

    private static FaultyProcess StartBinder(ControlBench bench, int seed) => new(bench, seed, Flakiness.LosesWrites, workers: 3, context =>
    {
        var users = new ClaimUsers(context);
        return [new VolumeBinder(context, users), new ClaimProtectionController(context, users)];
    });

    /// <summary>Sees every change, and says what must never be seen.</summary>
    private sealed class Observer
    {
        private readonly Informer<PersistentVolumeClaim> _claims;
        private readonly Dictionary<string, string> _volumeOf = [];
        private readonly Dictionary<string, string> _boundTo = [];

        public Observer(ControlBench bench)
        {
            _claims = new Informer<PersistentVolumeClaim>(
                bench.Client, Resources.PersistentVolumeClaims, TimeProvider.System, Complaints.Add);
            _claims.Subscribe((before, now) => Look(before, now));
        }

        public List<string> Complaints { get; } = [];

        public Task RunAsync(CancellationToken cancellation) => _claims.RunAsync(cancellation);

        private void Look(PersistentVolumeClaim? before, PersistentVolumeClaim? now)
        {
            var claim = (now ?? before)!;
            var (uid, volume) = (claim.Metadata.Uid, claim.Spec.VolumeName);
            if (volume.Length == 0)
            {
                return;
            }

            if (_volumeOf.TryAdd(uid, volume) && !_boundTo.TryAdd(volume, uid))
            {
                Complaints.Add($"{volume} is of {claim} and of {_boundTo[volume]}");
            }

            if (_volumeOf[uid] != volume)
            {
                Complaints.Add($"{claim} had {_volumeOf[uid]} and has {volume}");
            }

            if (claim.Status.Phase == "Lost")
            {
                Complaints.Add($"{claim} is lost");
            }
        }
    }
}

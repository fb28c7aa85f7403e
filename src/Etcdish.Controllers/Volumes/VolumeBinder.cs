using System.Collections.Concurrent;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>
/// Brings claims and volumes together. Each names the other; the volume is written first, and every write is on the condition that nobody
/// has changed the object since it was looked at, so that of all who want a volume one gets it. Its queue holds claims and volumes: a key
/// without a namespace is a volume.
/// </summary>
internal sealed class VolumeBinder : Controller, IVolumeView
{
    private const string ComponentName = "persistentvolume-controller";

    private readonly FreshObjects<PersistentVolumeClaim> _claims;
    private readonly FreshObjects<PersistentVolume> _volumes;
    private readonly Informer<StorageClass> _classes;
    private readonly Index<PersistentVolume> _freeByClass;
    private readonly Index<PersistentVolume> _byClaim;
    private readonly Index<PersistentVolumeClaim> _waitingByClass;
    private readonly Index<PersistentVolumeClaim> _byVolume;
    private readonly ClaimUsers _users;
    private readonly BindingWriter _writer;
    private readonly ConcurrentDictionary<ObjectKey, ClaimAction.Wait> _told = [];

    public VolumeBinder(ControllerContext context, ClaimUsers users)
        : base(ComponentName, context)
    {
        var claims = context.Informers.Of(Resources.PersistentVolumeClaims);
        var volumes = context.Informers.Of(Resources.PersistentVolumes);
        _users = users;
        _classes = context.Informers.Of(Resources.StorageClasses);
        _claims = new FreshObjects<PersistentVolumeClaim>(claims);
        _volumes = new FreshObjects<PersistentVolume>(volumes);
        _writer = new BindingWriter(context, _claims, _volumes);
        _freeByClass = volumes.AddIndex(volume => VolumeMatching.IsFree(volume) ? [VolumeMarks.ClassOf(volume)] : []);
        _byClaim = volumes.AddIndex(volume => VolumeMarks.ClaimOf(volume) is { } claim ? [claim.ToString()] : []);
        _waitingByClass = claims.AddIndex(claim => claim.Spec.VolumeName.Length == 0 ? [VolumeMarks.ClassOf(claim) ?? ""] : []);
        _byVolume = claims.AddIndex(claim => claim.Spec.VolumeName.Length > 0 ? [claim.Spec.VolumeName] : []);
        claims.Subscribe(TakeClaim);
        volumes.Subscribe(TakeVolume);
        _classes.Subscribe(TakeClass);
        users.Subscribe(claim =>
        {
            if (_told.ContainsKey(claim))
            {
                Queue.Add(claim);
            }
        });
    }

    StorageClass? IVolumeView.DefaultClass => _classes.All
        .Where(c => c.IsDefault)
        .OrderByDescending(c => c.Metadata.CreationTimestamp)
        .ThenBy(c => c.Metadata.Name, StringComparer.Ordinal)
        .FirstOrDefault();

    PersistentVolume? IVolumeView.Find(string volume) => _volumes.Find(new ObjectKey("", volume));

    IEnumerable<PersistentVolume> IVolumeView.KeptFor(ObjectKey claim) => Fresh(_byClaim[claim.ToString()]);

    IEnumerable<PersistentVolume> IVolumeView.FreeOf(string storageClass) => Fresh(_freeByClass[storageClass]);

    StorageClass? IVolumeView.FindClass(string name) => _classes.Find("", name);

    IReadOnlyList<string> IVolumeView.WaitingPods(ObjectKey claim) => [.. _users.Of(claim)
        .Where(pod => !pod.IsFinished && pod.Spec.NodeName.Length == 0)
        .Select(pod => pod.Metadata.Name)
        .Order(StringComparer.Ordinal)];

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellation) => key.Namespace.Length == 0
        ? ReconcileVolumeAsync(key, cancellation)
        : ReconcileClaimAsync(key, cancellation);

    private IEnumerable<PersistentVolume> Fresh(IReadOnlyList<PersistentVolume> seen) =>
        seen.Select(volume => _volumes.Find(volume.Key)).OfType<PersistentVolume>();

    private void TakeClaim(PersistentVolumeClaim? before, PersistentVolumeClaim? now)
    {
        var claim = (now ?? before)!;
        if (now is null)
        {
            _told.TryRemove(claim.Key, out _);
        }
        else
        {
            Queue.Add(claim.Key);
        }

        if (claim.Spec.VolumeName.Length > 0)
        {
            Queue.Add(new ObjectKey("", claim.Spec.VolumeName));
        }

        foreach (var volume in _byClaim[claim.Key.ToString()])
        {
            Queue.Add(volume.Key);
        }
    }

    private void TakeVolume(PersistentVolume? before, PersistentVolume? now)
    {
        var volume = (now ?? before)!;
        if (now is null)
        {
            _told.TryRemove(volume.Key, out _);
        }
        else
        {
            Queue.Add(volume.Key);
        }

        IEnumerable<PersistentVolumeClaim> concerned = _byVolume[volume.Metadata.Name];
        if (now is not null && VolumeMatching.IsFree(now))
        {
            concerned = concerned.Concat(_waitingByClass[VolumeMarks.ClassOf(now)]);
        }

        foreach (var claim in concerned)
        {
            Queue.Add(claim.Key);
        }

        if (VolumeMarks.ClaimOf(volume) is { } own)
        {
            Queue.Add(own);
        }
    }

    private void TakeClass(StorageClass? before, StorageClass? now)
    {
        foreach (var name in new[] { (now ?? before)!.Metadata.Name, "" })
        {
            foreach (var claim in _waitingByClass[name])
            {
                Queue.Add(claim.Key);
            }
        }
    }

    private async Task ReconcileClaimAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_claims.Find(key) is not { } claim || (claim.Metadata.IsBeingDeleted && claim.Spec.VolumeName.Length == 0))
        {
            return;
        }

        var action = BindingDecisions.ForClaim(claim, this);
        if (action is not ClaimAction.Wait)
        {
            _told.TryRemove(key, out _);
        }

        switch (action)
        {
            case ClaimAction.Bind bind:
                await _writer.BindAsync(bind.Volume, claim, cancellation);
                break;
            case ClaimAction.Lose lose:
                await LoseAsync(claim, lose, cancellation);
                break;
            case ClaimAction.AssignClass assign:
                await _writer.AssignClassAsync(claim, assign.Name, cancellation);
                break;
            case ClaimAction.Provision provision:
                await ProvisionAsync(claim, provision.Class, cancellation);
                break;
            case ClaimAction.Wait wait:
                Tell(claim, wait);
                await _writer.SetPendingAsync(claim, cancellation);
                break;
        }
    }

    /// <summary>What seems to be gone is looked for at the server first: the two watches need not be equally far.</summary>
    private async Task LoseAsync(PersistentVolumeClaim claim, ClaimAction.Lose lose, CancellationToken cancellation)
    {
        if (claim.Status.Phase == "Lost")
        {
            return;
        }

        if (claim.Spec.VolumeName.Length > 0
            && await Context.Client.FindAsync(Resources.PersistentVolumes, "", claim.Spec.VolumeName, cancellation) is { } volume
            && (volume.Spec.ClaimRef is null || volume.Spec.ClaimRef.Uid == claim.Metadata.Uid))
        {
            _volumes.Note(volume);
            Queue.Add(claim.Key);
            return;
        }

        await _writer.SetLostAsync(claim, cancellation);
        Context.Events.Warning(Resources.PersistentVolumeClaims, claim, lose.Reason, lose.Message, ComponentName);
    }

    private async Task ProvisionAsync(PersistentVolumeClaim claim, StorageClass storage, CancellationToken cancellation)
    {
        claim = await _writer.AskProvisionerAsync(claim, storage.Provisioner, cancellation);
        Tell(claim, new ClaimAction.Wait(
            "ExternalProvisioning",
            $"Waiting for a volume to be created either by the external provisioner '{storage.Provisioner}' or manually by the system "
            + "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."));
        await _writer.SetPendingAsync(claim, cancellation);
    }

    /// <summary>Says what a claim waits for, unless that was the last thing said.</summary>
    private void Tell(PersistentVolumeClaim claim, ClaimAction.Wait wait)
    {
        if (wait.Reason.Length == 0 || (_told.TryGetValue(claim.Key, out var last) && last == wait))
        {
            return;
        }

        _told[claim.Key] = wait;
        if (wait.IsWarning)
        {
            Context.Events.Warning(Resources.PersistentVolumeClaims, claim, wait.Reason, wait.Message, ComponentName);
        }
        else
        {
            Context.Events.Normal(Resources.PersistentVolumeClaims, claim, wait.Reason, wait.Message, ComponentName);
        }
    }

    private async Task ReconcileVolumeAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_volumes.Find(key) is not { } volume)
        {
            return;
        }

        var claim = await FindClaimAsync(volume, cancellation);
        switch (BindingDecisions.ForVolume(volume, claim))
        {
            case VolumeAction.Offer:
                await _writer.SetPhaseAsync(volume, "Available", "", cancellation);
                break;
            case VolumeAction.MarkBound:
                await _writer.SetPhaseAsync(volume, "Bound", "", cancellation);
                break;
            case VolumeAction.LookAtClaim:
                Queue.Add(claim!.Key);
                break;
            case VolumeAction.TellMismatch:
                TellMismatch(volume, claim!);
                break;
            case VolumeAction.Unbind:
                await _writer.UnbindAsync(volume, cancellation);
                break;
            case VolumeAction.Release:
                await ReleaseAsync(volume, cancellation);
                break;
        }
    }

    /// <summary>
    /// The claim of the uid that a volume names. A claim that is not known may be newer than what is: nothing is released before the server
    /// has said that it is gone.
    /// </summary>
    private async Task<PersistentVolumeClaim?> FindClaimAsync(PersistentVolume volume, CancellationToken cancellation)
    {
        if (volume.Spec.ClaimRef is not { Uid.Length: > 0 } reference)
        {
            return null;
        }

        var claim = _claims.Find(new ObjectKey(reference.Namespace, reference.Name));
        if (claim?.Metadata.Uid != reference.Uid && volume.Status.Phase is not ("Released" or "Failed"))
        {
            claim = await Context.Client.FindAsync(Resources.PersistentVolumeClaims, reference.Namespace, reference.Name, cancellation);
        }

        return claim?.Metadata.Uid == reference.Uid ? claim : null;
    }

    private void TellMismatch(PersistentVolume volume, PersistentVolumeClaim claim)
    {
        var wait = new ClaimAction.Wait(
            "VolumeMismatch",
            $"Cannot bind PersistentVolume \"{volume.Metadata.Name}\" to requested PersistentVolumeClaim due to incompatible volumeMode.",
            IsWarning: true);
        if (_told.TryGetValue(volume.Key, out var last) && last == wait)
        {
            return;
        }

        _told[volume.Key] = wait;
        Context.Events.Warning(
            Resources.PersistentVolumes,
            volume,
            wait.Reason,
            $"Cannot bind PersistentVolume to requested PersistentVolumeClaim \"{claim.Metadata.Name}\" due to incompatible volumeMode.",
            ComponentName);
        Context.Events.Warning(Resources.PersistentVolumeClaims, claim, wait.Reason, wait.Message, ComponentName);
    }

    private async Task ReleaseAsync(PersistentVolume volume, CancellationToken cancellation)
    {
        if (volume.Status.Phase is not ("Released" or "Failed"))
        {
            volume = await _writer.SetPhaseAsync(volume, "Released", "", cancellation);
        }

        if (ReclaimPolicy.ProblemOf(volume) is { } problem && volume.Status.Phase != "Failed")
        {
            await _writer.SetPhaseAsync(volume, "Failed", problem.Message, cancellation);
            Context.Events.Warning(Resources.PersistentVolumes, volume, problem.Reason, problem.Message, ComponentName);
        }
    }
}

using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>
/// A deployment, its replica sets and their pods without a server: replica sets act by what they have seen, which may be old, and the
/// deployment by what they say of themselves, which may be older. A seed decides who moves next.
/// </summary>
internal sealed class RolloutModel(int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<ModelSet> _sets = [];
    private int _replicas;
    private int _template;
    private string _surge = "";
    private string _unavailable = "";

    /// <summary>The most pods that there may be, as long as nothing is scaled.</summary>
    public int MaxPods => _replicas + Bounds.MaxSurge;

    /// <summary>The fewest pods that must be available, once they have been.</summary>
    public int MinAvailable => _replicas - Bounds.MaxUnavailable;

    /// <summary>Pods that are there and not being deleted.</summary>
    public int Pods => _sets.Sum(set => set.Pods.Count);

    /// <summary>Those that are ready.</summary>
    public int Available => _sets.Sum(set => set.Pods.Count(isReady => isReady));

    private RollingBounds Bounds => RollingBounds.Of(Deployment().Spec);

    /// <summary>Whether replica sets say of themselves what is true.</summary>
    private bool IsTold => _sets.TrueForAll(set => set.IsTold);

    /// <summary>Begins a deployment whose pods are all there, and known to be available.</summary>
    public void Begin()
    {
        _replicas = _random.Next(1, 13);
        (_surge, _unavailable) = (Bound(), Bound());
        for (var steps = 0; !IsDone || !IsTold; steps++)
        {
            Assert.That(steps, Is.LessThan(10_000), ToString());
            MoveAll();
        }
    }

    /// <summary>Changes the template, perhaps to one that was there before.</summary>
    public void ChangeTemplate() => _template = _random.Next(4);

    /// <summary>Whether all pods are of the template and ready, and no others are there.</summary>
    public bool IsDone => _sets.TrueForAll(set => set.Template == _template
        ? set.Pods.Count == _replicas && set.Pods.TrueForAll(isReady => isReady)
        : set.Pods.Count == 0) && _sets.Exists(set => set.Template == _template);

    /// <summary>Somebody moves.</summary>
    public void Move()
    {
        var set = _sets.Count == 0 ? null : _sets[_random.Next(_sets.Count)];
        switch (_random.Next(6))
        {
            case 0 or 1:
                Look();
                break;
            case 2:
                set?.Act(_random);
                break;
            case 3:
                set?.See();
                break;
            default:
                set?.MakeReady(_random);
                break;
        }
    }

    /// <summary>Everybody moves.</summary>
    public void MoveAll()
    {
        Look();
        foreach (var set in _sets)
        {
            set.See();
            set.Act(_random);
            set.MakeReady(_random);
        }
    }

    public override string ToString() =>
        $"seed {seed}: {_replicas} pods, surge {_surge}, unavailable {_unavailable}, template {_template}: {string.Join("; ", _sets)}";

    private string Bound() => _random.Next(3) switch
    {
        0 => $"{_random.Next(4)}",
        1 => $"{_random.Next(0, 101)}%",
        _ => "25%",
    };

    private Deployment Deployment() => RolloutSamples.Deployment(_replicas, _surge, _unavailable, $"{_template}");

    /// <summary>The deployment controller looks and takes a step.</summary>
    private void Look()
    {
        var rollout = new Rollout(Deployment(), _sets.Select(set => set.ToReplicaSet()));
        var size = RollingPlan.NewestSize(rollout);
        if (rollout.Newest is null)
        {
            _sets.Add(new ModelSet(_template, size));
        }
        else if (rollout.Newest.Spec.Replicas != size)
        {
            Of(rollout.Newest).Scale(size);
        }
        else
        {
            foreach (var step in RollingPlan.ShrinkOld(rollout))
            {
                Of(step.Set).Scale(step.Replicas);
            }
        }
    }

    private ModelSet Of(ReplicaSet set) => _sets.Single(s => s.ToReplicaSet().Metadata.Uid == set.Metadata.Uid);

    /// <summary>A replica set; its pods are ready or not.</summary>
    private sealed class ModelSet(int template, int replicas)
    {
        private List<bool> _seen = [];
        private bool _isWaiting;
        private int _generation = 1;
        private (int Pods, int Available, int Generation) _status;

        public int Template => template;

        public int Replicas { get; private set; } = replicas;

        public List<bool> Pods { get; } = [];

        public bool IsTold => _status == (Pods.Count, Pods.Count(isReady => isReady), _generation);

        public void Scale(int size)
        {
            Replicas = size;
            _generation++;
        }

        /// <summary>It sees the pods as they are.</summary>
        public void See()
        {
            _seen = [.. Pods];
            _isWaiting = false;
        }

        /// <summary>It creates or deletes by what it has seen, unless it waits to see what it did before; and tells what it has seen.</summary>
        public void Act(Random random)
        {
            _status = (_seen.Count, _seen.Count(isReady => isReady), _isWaiting ? _status.Generation : _generation);
            var surplus = _seen.Count - Replicas;
            if (_isWaiting || surplus == 0)
            {
                return;
            }

            for (; surplus < 0; surplus++)
            {
                Pods.Add(false);
            }

            for (; surplus > 0; surplus--)
            {
                // One that was not ready when it was seen may be by now, and goes all the same.
                var unready = _seen.IndexOf(false);
                var victim = unready >= 0 ? unready : random.Next(_seen.Count);
                _seen.RemoveAt(victim);
                Pods.RemoveAt(victim);
            }

            _isWaiting = true;
        }

        public void MakeReady(Random random)
        {
            if (Pods.Count > 0)
            {
                Pods[random.Next(Pods.Count)] = true;
            }
        }

        public ReplicaSet ToReplicaSet()
        {
            var set = RolloutSamples.Set($"{template}", Replicas, _status.Available, age: 10 - template, there: _status.Pods);
            set.Metadata.Generation = _generation;
            set.Status.ObservedGeneration = _status.Generation;
            return set;
        }

        public override string ToString() => $"template {template}: {Pods.Count} of {Replicas}, {Pods.Count(isReady => isReady)} ready";
    }
}

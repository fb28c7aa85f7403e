using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>Scales things by their metrics: every 15 seconds each autoscaler is asked.</summary>
internal sealed class AutoscalerController : Controller
{
    private const string Component = "horizontal-pod-autoscaler";
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(15);

    private readonly IMetricsSource _source;
    private readonly Scales _scales;
    private readonly Informer<HorizontalPodAutoscaler> _autoscalers;
    private readonly Index<Pod> _podsByNamespace;

    /// <summary>By uid: what autoscalers remember.</summary>
    private readonly ConcurrentDictionary<string, ScalingLimits> _limits = [];

    /// <summary>Makes one.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="source">Where metrics come from; null: the APIs beside the API.</param>
    public AutoscalerController(ControllerContext context, IMetricsSource? source = null)
        : base("autoscaler", context)
    {
        _source = source ?? new MetricsApi(context.Client);
        _scales = new Scales(context.Client);
        _autoscalers = context.Informers.Of(Resources.HorizontalPodAutoscalers);
        _podsByNamespace = context.Informers.Of(Resources.Pods).AddIndex(pod => [pod.Metadata.Namespace]);
        _autoscalers.Subscribe((before, now) =>
        {
            if (before is not null && before.Metadata.Uid != now?.Metadata.Uid)
            {
                _limits.TryRemove(before.Metadata.Uid, out _);
            }

            if (now is not null)
            {
                // Its own status is no news: what changes is looked at in its turn.
                Queue.AddAfter(now.Key, before is null ? TimeSpan.Zero : _period);
            }
        });
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_autoscalers.Find(key) is not { } autoscaler)
        {
            return;
        }

        Queue.AddAfter(key, _period);
        var draft = new AutoscalerDraft(autoscaler.Status, Context.Clock.GetUtcNow());
        if (await FindScaleAsync(autoscaler, draft, cancellation) is { } scale)
        {
            await ScaleAsync(autoscaler, scale, draft, cancellation);
        }

        var status = draft.ToJson();
        if (!JsonNode.DeepEquals(new AutoscalerDraft(autoscaler.Status, default).ToJson(), status))
        {
            await Context.Client.PatchStatusAsync(Resources.HorizontalPodAutoscalers, autoscaler, status, cancellation);
        }
    }

    private async Task<Scale?> FindScaleAsync(HorizontalPodAutoscaler autoscaler, AutoscalerDraft draft, CancellationToken cancellation)
    {
        var target = autoscaler.Spec.ScaleTargetRef;
        try
        {
            var resource = await _scales.FindResourceAsync(target.ApiVersion, target.Kind, cancellation)
                ?? throw new MetricsException($"no matches for kind \"{target.Kind}\" in group \"{GroupOf(target.ApiVersion)}\"");
            var scale = await _scales.GetAsync(resource, autoscaler.Metadata.Namespace, target.Name, cancellation);
            draft.Set("AbleToScale", true, "SucceededGetScale", "the HPA controller was able to get the target's current scale");
            return scale;
        }
        catch (Exception e) when (e is ApiStatusException or MetricsException)
        {
            Warn(autoscaler, "FailedGetScale", e.Message);
            draft.Set(
                "AbleToScale", false, "FailedGetScale", $"the HPA controller was unable to get the target's current scale: {e.Message}");
            return null;
        }
    }

    private async Task ScaleAsync(HorizontalPodAutoscaler autoscaler, Scale scale, AutoscalerDraft draft, CancellationToken cancellation)
    {
        var current = scale.Replicas;
        var (min, max) = (autoscaler.Spec.MinReplicas ?? 1, autoscaler.Spec.MaxReplicas);
        var limits = _limits.GetOrAdd(autoscaler.Metadata.Uid, _ => new ScalingLimits(current, Context.Clock.GetUtcNow()));
        draft.CurrentReplicas = current;
        var (desired, why) = (current, "");
        JsonArray? measured = null;
        if (current == 0 && min != 0)
        {
            draft.Set("ScalingActive", false, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero");
        }
        else if (current > max)
        {
            (desired, why) = (max, "Current number of replicas above Spec.MaxReplicas");
        }
        else if (current < min)
        {
            (desired, why) = (min, "Current number of replicas below Spec.MinReplicas");
        }
        else
        {
            (var most, measured) = await MeasureAsync(autoscaler, scale, draft, cancellation);
            if (most is null)
            {
                return;
            }

            why = most.Replicas > current ? $"{most.Name} above target" : "All metrics below target";
            desired = Limit(autoscaler, limits, current, most.Replicas, draft);
        }

        if (desired != current && !await SetAsync(autoscaler, scale, desired, why, draft, cancellation))
        {
            return;
        }

        if (desired != current)
        {
            limits.Note(autoscaler.Spec.Behavior, current, desired, Context.Clock.GetUtcNow());
            draft.LastScaleTime = Context.Clock.GetUtcNow();
        }

        draft.DesiredReplicas = desired;
        draft.CurrentMetrics = measured;
    }

    /// <summary>The metric that asks for most, null if they do not allow to do anything; and what was measured.</summary>
    private async Task<(MetricResult? Most, JsonArray Measured)> MeasureAsync(
        HorizontalPodAutoscaler autoscaler, Scale scale, AutoscalerDraft draft, CancellationToken cancellation)
    {
        if (scale.Selector.Length == 0)
        {
            Warn(autoscaler, "SelectorRequired", "selector is required");
            draft.Set("ScalingActive", false, "InvalidSelector", "the HPA target's scale is missing a selector");
            return (null, []);
        }

        var ns = autoscaler.Metadata.Namespace;
        var selector = LabelSelector.Parse(scale.Selector);
        var pods = _podsByNamespace[ns].Where(pod => selector.Matches(pod.Metadata.Labels)).ToArray();
        var evaluation = new MetricEvaluation(_source, ns, scale, pods, ToleranceOf(autoscaler.Spec.Behavior), Context.Clock.GetUtcNow());
        MetricResult? most = null;
        MetricFailure? first = null;
        var failed = 0;
        var all = new JsonArray();
        foreach (var metric in autoscaler.Spec.Metrics)
        {
            try
            {
                var result = await evaluation.EvaluateAsync(metric, cancellation);
                all.Add(result.Status);
                most = most is null || result.Replicas > most.Replicas ? result : most;
            }
            catch (MetricFailure e)
            {
                failed++;
                first ??= e;
                Warn(autoscaler, e.Reason, e.Cause);
            }
        }

        return (Conclude(autoscaler, scale, draft, most, first, failed), all);
    }

    /// <summary>While something is not known, it may be what keeps the others from going down.</summary>
    private MetricResult? Conclude(
        HorizontalPodAutoscaler autoscaler, Scale scale, AutoscalerDraft draft, MetricResult? most, MetricFailure? first, int failed)
    {
        if (first is not null)
        {
            Warn(
                autoscaler, "FailedComputeMetricsReplicas",
                $"invalid metrics ({failed} invalid out of {autoscaler.Spec.Metrics.Length}), first error is: {first.Message}");
        }

        if (most is null || (first is not null && most.Replicas < scale.Replicas))
        {
            draft.Set(
                "ScalingActive", false, first?.Reason ?? "InvalidMetricSourceType",
                $"the HPA was unable to compute the replica count: {first?.Cause ?? "no metrics"}");
            return null;
        }

        draft.Set("ScalingActive", true, "ValidMetricFound", $"the HPA was able to successfully calculate a replica count from {most.Name}");
        return most;
    }

    private int Limit(HorizontalPodAutoscaler autoscaler, ScalingLimits limits, int current, int proposed, AutoscalerDraft draft)
    {
        var (behavior, now) = (autoscaler.Spec.Behavior, Context.Clock.GetUtcNow());
        var steady = limits.Steady(behavior, current, proposed, now);
        draft.Set("AbleToScale", true, steady.Reason, steady.Message);
        var limited = limits.Limit(
            behavior, current, steady.Replicas, autoscaler.Spec.MinReplicas ?? 1, autoscaler.Spec.MaxReplicas, now);
        draft.Set("ScalingLimited", limited.IsLimited, limited.Reason, limited.Message);
        return limited.Replicas;
    }

    private async Task<bool> SetAsync(
        HorizontalPodAutoscaler autoscaler, Scale scale, int desired, string why, AutoscalerDraft draft, CancellationToken cancellation)
    {
        try
        {
            await _scales.SetAsync(scale, desired, cancellation);
        }
        catch (ApiStatusException e)
        {
            Warn(autoscaler, "FailedRescale", $"New size: {desired}; reason: {why}; error: {e.Message}");
            draft.Set("AbleToScale", false, "FailedUpdateScale", $"the HPA controller was unable to update the target scale: {e.Message}");
            return false;
        }

        draft.Set("AbleToScale", true, "SucceededRescale", $"the HPA controller was able to update the target scale to {desired}");
        Context.Events.Normal(
            Resources.HorizontalPodAutoscalers, autoscaler, "SuccessfulRescale", $"New size: {desired}; reason: {why}", Component);
        return true;
    }

    private static Tolerance ToleranceOf(ScalingBehavior? behavior) => new(
        behavior?.ScaleDown?.Tolerance?.ToDouble() ?? Tolerance.Usual.Down, behavior?.ScaleUp?.Tolerance?.ToDouble() ?? Tolerance.Usual.Up);

    private static string GroupOf(string apiVersion) =>
        apiVersion.IndexOf('/', StringComparison.Ordinal) is var slash && slash < 0 ? "" : apiVersion[..slash];

    private void Warn(HorizontalPodAutoscaler autoscaler, string reason, string message) =>
        Context.Events.Warning(Resources.HorizontalPodAutoscalers, autoscaler, reason, message, Component);
}

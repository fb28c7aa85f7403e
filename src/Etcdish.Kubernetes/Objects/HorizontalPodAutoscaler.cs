using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Objects;

/// <summary>Scales something by what it does (autoscaling/v2 HorizontalPodAutoscaler).</summary>
public sealed class HorizontalPodAutoscaler : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public AutoscalerSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public AutoscalerStatus Status { get => field ??= new(); set; }
}

/// <summary>What is wanted of an autoscaler.</summary>
public sealed class AutoscalerSpec
{
    /// <summary>What is scaled.</summary>
    public ObjectReference ScaleTargetRef { get => field ??= new(); set; }

    /// <summary>How many pods at least; null: 1.</summary>
    public int? MinReplicas { get; set; }

    /// <summary>How many pods at most.</summary>
    public int MaxReplicas { get; set; }

    /// <summary>What is measured.</summary>
    public MetricSpec[] Metrics { get => field ?? []; set; }

    /// <summary>How fast it scales; null: as is usual.</summary>
    public ScalingBehavior? Behavior { get; set; }
}

/// <summary>Something that is measured, and what it should be.</summary>
public sealed class MetricSpec
{
    /// <summary>Resource, ContainerResource, Pods, Object or External: the one that is set.</summary>
    public string Type { get; set; } = "";

    /// <summary>A resource of the pods.</summary>
    public MetricSource? Resource { get; set; }

    /// <summary>A resource of one container of the pods.</summary>
    public MetricSource? ContainerResource { get; set; }

    /// <summary>Something that each pod has.</summary>
    public MetricSource? Pods { get; set; }

    /// <summary>Something that another object has.</summary>
    public MetricSource? Object { get; set; }

    /// <summary>Something outside of the cluster.</summary>
    public MetricSource? External { get; set; }
}

/// <summary>Where a metric comes from; what a type of metric does not have is empty.</summary>
public sealed class MetricSource
{
    /// <summary>The resource.</summary>
    public string Name { get; set; } = "";

    /// <summary>The container.</summary>
    public string Container { get; set; } = "";

    /// <summary>The object that has it.</summary>
    public ObjectReference? DescribedObject { get; set; }

    /// <summary>The metric.</summary>
    public MetricIdentifier Metric { get => field ??= new(); set; }

    /// <summary>What it should be.</summary>
    public MetricTarget Target { get => field ??= new(); set; }
}

/// <summary>Names a metric.</summary>
public sealed class MetricIdentifier
{
    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Which of its series, as it is stored.</summary>
    public JsonObject? Selector { get; set; }
}

/// <summary>What a metric should be.</summary>
public sealed class MetricTarget
{
    /// <summary>Utilization, Value or AverageValue.</summary>
    public string Type { get; set; } = "";

    /// <summary>In all.</summary>
    public Quantity? Value { get; set; }

    /// <summary>For each pod.</summary>
    public Quantity? AverageValue { get; set; }

    /// <summary>In percent of what pods request.</summary>
    public int? AverageUtilization { get; set; }
}

/// <summary>How fast something is scaled.</summary>
public sealed class ScalingBehavior
{
    /// <summary>Upwards.</summary>
    public ScalingRules? ScaleUp { get; set; }

    /// <summary>Downwards.</summary>
    public ScalingRules? ScaleDown { get; set; }
}

/// <summary>How fast something is scaled in one direction.</summary>
public sealed class ScalingRules
{
    /// <summary>For how long what was found before counts.</summary>
    public int? StabilizationWindowSeconds { get; set; }

    /// <summary>Max, Min or Disabled.</summary>
    public string SelectPolicy { get; set; } = "Max";

    /// <summary>Limits.</summary>
    public ScalingPolicy[] Policies { get => field ?? []; set; }

    /// <summary>How far from its target a metric may be without anything being done, as a part of 1; null: as is usual.</summary>
    public Quantity? Tolerance { get; set; }
}

/// <summary>A limit of scaling.</summary>
public sealed class ScalingPolicy
{
    /// <summary>Pods or Percent.</summary>
    public string Type { get; set; } = "";

    /// <summary>So many.</summary>
    public int Value { get; set; }

    /// <summary>In so many seconds.</summary>
    public int PeriodSeconds { get; set; }
}

/// <summary>What is there of an autoscaler.</summary>
public sealed class AutoscalerStatus
{
    /// <summary>How many pods there were.</summary>
    public int CurrentReplicas { get; set; }

    /// <summary>How many there should be.</summary>
    public int DesiredReplicas { get; set; }

    /// <summary>When it scaled last.</summary>
    public DateTimeOffset? LastScaleTime { get; set; }

    /// <summary>What was measured, as it is stored.</summary>
    public JsonArray? CurrentMetrics { get; set; }

    /// <summary>Its conditions.</summary>
    public Condition[] Conditions { get => field ?? []; set; }
}

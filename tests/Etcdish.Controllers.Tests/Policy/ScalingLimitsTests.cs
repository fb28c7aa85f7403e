using Etcdish.Controllers.Policy;
using Etcdish.Controllers.Tests.Jobs;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Policy;

public sealed class ScalingLimitsTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [TestCase(null, 3, 20, 6, "ScaleUpLimit")]
    [TestCase(null, 1, 20, 4, "ScaleUpLimit")]
    [TestCase(null, 9, 20, 10, "TooManyReplicas")]
    [TestCase(null, 5, 1, 2, "TooFewReplicas")]
    [TestCase(null, 5, 7, 7, "DesiredWithinRange")]
    [TestCase("{'scaleUp':{'policies':[{'type':'Pods','value':1,'periodSeconds':60}]}}", 3, 9, 4, "ScaleUpLimit")]
    [TestCase("{'scaleUp':{'policies':[{'type':'Pods','value':1,'periodSeconds':60},{'type':'Percent','value':100,'periodSeconds':60}]}}", 3, 9, 6, "ScaleUpLimit")]
    [TestCase("{'scaleUp':{'selectPolicy':'Min','policies':[{'type':'Pods','value':1,'periodSeconds':60},{'type':'Percent','value':100,'periodSeconds':60}]}}", 3, 9, 4, "ScaleUpLimit")]
    [TestCase("{'scaleUp':{'selectPolicy':'Disabled'}}", 3, 9, 3, "ScaleUpLimit")]
    [TestCase("{'scaleUp':{'policies':[{'type':'Percent','value':10,'periodSeconds':60}]}}", 3, 9, 4, "ScaleUpLimit", Description = "rounded up")]
    [TestCase("{'scaleDown':{'policies':[{'type':'Percent','value':50,'periodSeconds':60}]}}", 9, 2, 4, "ScaleDownLimit")]
    [TestCase("{'scaleDown':{'selectPolicy':'Min','policies':[{'type':'Percent','value':50,'periodSeconds':60},{'type':'Pods','value':1,'periodSeconds':60}]}}", 9, 2, 8, "ScaleDownLimit")]
    [TestCase("{'scaleDown':{'selectPolicy':'Disabled'}}", 9, 2, 9, "ScaleDownLimit")]
    [TestCase("{}", 9, 1, 2, "TooFewReplicas")]
    public void No_faster_than_allowed(string? behavior, int current, int proposed, int expected, string reason)
    {
        var limited = new ScalingLimits(current, _now).Limit(Behavior(behavior), current, proposed, 2, 10, _now);
        Assert.That((limited.Replicas, limited.Reason), Is.EqualTo((expected, reason)));
        Assert.That(limited.IsLimited, Is.EqualTo(reason != "DesiredWithinRange"));
    }

    [Test]
    public void What_was_done_in_a_period_counts()
    {
        var behavior = Behavior("{'scaleUp':{'policies':[{'type':'Pods','value':3,'periodSeconds':60}]}}");
        var limits = new ScalingLimits(1, _now);
        limits.Note(behavior, 1, 3, _now);
        Assert.That(limits.Limit(behavior, 3, 9, 1, 10, _now.AddSeconds(30)).Replicas, Is.EqualTo(4));
        Assert.That(limits.Limit(behavior, 3, 9, 1, 10, _now.AddSeconds(61)).Replicas, Is.EqualTo(6));
    }

    [Test]
    public void A_step_back_counts_against_a_step_forth()
    {
        var behavior = Behavior(
            "{'scaleUp':{'policies':[{'type':'Pods','value':3,'periodSeconds':60}]},'scaleDown':{'policies':[{'type':'Pods','value':2,'periodSeconds':60}]}}");
        var limits = new ScalingLimits(5, _now);
        limits.Note(behavior, 5, 8, _now);
        limits.Note(behavior, 8, 6, _now.AddSeconds(15));
        Assert.That(limits.Limit(behavior, 6, 10, 1, 10, _now.AddSeconds(30)).Replicas, Is.EqualTo(8), "from 5 three more");
        Assert.That(limits.Limit(behavior, 6, 1, 1, 10, _now.AddSeconds(30)).Replicas, Is.EqualTo(3), "from 5 two less");
        Assert.That(limits.Limit(behavior, 6, 10, 1, 10, _now.AddSeconds(61)).Replicas, Is.EqualTo(10), "two were taken away since");
    }

    [TestCase(null)]
    [TestCase("{}")]
    public void Down_goes_only_what_has_been_down_for_long(string? behavior)
    {
        var limits = new ScalingLimits(8, _now);
        var steady = limits.Steady(Behavior(behavior), 8, 3, _now.AddSeconds(15));
        Assert.That((steady.Replicas, steady.Reason), Is.EqualTo((8, "ScaleDownStabilized")));
        Assert.That(limits.Steady(Behavior(behavior), 8, 5, _now.AddSeconds(200)).Replicas, Is.EqualTo(8));
        Assert.That(limits.Steady(Behavior(behavior), 8, 3, _now.AddSeconds(301)).Replicas, Is.EqualTo(5));
        Assert.That(limits.Steady(Behavior(behavior), 5, 9, _now.AddSeconds(302)), Is.EqualTo(
            new Limited(9, false, "ReadyForNewScale", "recommended size matches current size")));
    }

    [Test]
    public void Up_goes_only_what_has_been_up_for_long()
    {
        var behavior = Behavior("{'scaleUp':{'stabilizationWindowSeconds':60}}");
        var limits = new ScalingLimits(2, _now);
        var steady = limits.Steady(behavior, 2, 6, _now.AddSeconds(30));
        Assert.That((steady.Replicas, steady.Reason), Is.EqualTo((2, "ScaleUpStabilized")));
        Assert.That(limits.Steady(behavior, 2, 5, _now.AddSeconds(61)).Replicas, Is.EqualTo(5));
    }

    private static ScalingBehavior? Behavior(string? text) => text is null
        ? null
        : Make.Object(Resources.HorizontalPodAutoscalers, $"{{'metadata':{{}},'spec':{{'behavior':{text}}}}}").Spec.Behavior;
}

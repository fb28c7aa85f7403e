using Etcdish.Kubelet.Containers;

namespace Etcdish.Kubelet.Tests.Containers;

public sealed class VariableExpansionTests
{
    private static readonly Dictionary<string, string> _variables = new()
    {
        ["VAR_A"] = "A",
        ["VAR_B"] = "B",
        ["VAR_C"] = "C",
        ["VAR_REF"] = "$(VAR_A)",
        ["SELF"] = "$(SELF)",
        ["VAR_EMPTY"] = "",
    };

    // What Kubernetes documents of its own expansion: expected texts are facts.
    [TestCase("$(VAR_A)", "A")]
    [TestCase("___$(VAR_A)___", "___A___")]
    [TestCase("$(VAR_A)-1", "A-1")]
    [TestCase("$(VAR_A)_$(VAR_B)_$(VAR_C)", "A_B_C")]
    [TestCase("$(VAR_A)$(VAR_B)", "AB")]
    [TestCase("f000-$$VAR_A", "f000-$VAR_A")]
    [TestCase("foo\\$(VAR_C)bar", "foo\\Cbar")]
    [TestCase("foo$$(VAR_C)bar", "foo$(VAR_C)bar")]
    [TestCase("$$$(VAR_A)", "$A")]
    [TestCase("$$$$$$(VAR_A)", "$$$(VAR_A)")]
    [TestCase("$$$$$$$(VAR_A)", "$$$A")]
    [TestCase("$VAR_A", "$VAR_A")]
    [TestCase("$VAR_A$", "$VAR_A$")]
    [TestCase("$$VAR_A$", "$VAR_A$")]
    [TestCase("foo$", "foo$")]
    [TestCase("$", "$")]
    [TestCase("", "")]
    [TestCase("$(VAR_A", "$(VAR_A")]
    [TestCase("$(VAR_A$(VAR_B)", "$(VAR_A$(VAR_B)")]
    [TestCase("$(VAR_A)$$(VAR_B)$(VAR_C)", "A$(VAR_B)C")]
    [TestCase("$()", "$()")]
    [TestCase("$(NOT_THERE)x", "$(NOT_THERE)x")]
    [TestCase("a$(VAR_EMPTY)b", "ab")]
    [TestCase("\n$(VAR_A)\n", "\nA\n")]
    public void References_are_replaced_once(string text, string expected) =>
        Assert.That(VariableExpansion.Expand(text, name => _variables.GetValueOrDefault(name)), Is.EqualTo(expected));

    [TestCase("$(VAR_REF)", "$(VAR_A)")]
    [TestCase("$(SELF)", "$(SELF)")]
    public void What_a_value_says_is_not_looked_at_again(string text, string expected) =>
        Assert.That(VariableExpansion.Expand(text, name => _variables.GetValueOrDefault(name)), Is.EqualTo(expected));

    [Test]
    public void What_must_be_there_and_is_not_is_told() => Assert.That(
        () => VariableExpansion.ExpandStrictly("a/$(NOPE)", name => _variables.GetValueOrDefault(name)),
        Throws.TypeOf<ContainerConfigException>().With.Message.EqualTo("missing value for \"NOPE\""));
}

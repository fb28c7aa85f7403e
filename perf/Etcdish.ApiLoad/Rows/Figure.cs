using System.Globalization;

namespace Etcdish.ApiLoad.Rows;

/// <summary>A measured figure and the bound that the project promises for it, if it does.</summary>
/// <param name="Row">The row.</param>
/// <param name="Value">What was measured.</param>
/// <param name="Unit">In what.</param>
/// <param name="Bound">The bound; null if nothing is promised.</param>
/// <param name="AtLeast">Whether the bound is the least value and not the most.</param>
/// <param name="Detail">What else was seen.</param>
internal sealed record Figure(string Row, double Value, string Unit, double? Bound, bool AtLeast, string Detail)
{
    public bool Holds => Bound is null || (AtLeast ? Value >= Bound : Value <= Bound);

    private string Verdict => Bound is not { } bound ? "" : string.Create(
        CultureInfo.InvariantCulture, $"{(AtLeast ? ">=" : "<=")} {bound,8:N1}  {Value / bound,5:N2} x {(Holds ? "ok" : "MISSED"),-7}");

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Row,-15} {Value,10:N2} {Unit,-22} {Verdict,-27} {Detail}");
}
